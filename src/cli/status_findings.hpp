#pragma once

#include <vector>

#include "cli/diagnostics.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// What stands behind an end with noise, by the pieces' precision, or with an order that is not determined: evidence
/// and what to try. Not collective.
void find_reason(const Solution& solution, const ProblemFile& problem, const RowFacts& facts,
                 std::vector<Finding>& found);

/// Where no answer was found: parts that neither names nor weights bring to their blocks.
void find_guessed_parts(const ProblemFile& problem, std::vector<Finding>& found);

/// Where no answer was found and nothing of what was `found` says why: how far the search came.
void find_how_far(const Solution& solution, const RowFacts& facts, std::vector<Finding>& found);

}  // namespace kintsugi::cli
