#pragma once

#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// A block that is missing, and where: what is left of the error is a function of the states there. Asked where pieces
/// were left over at the import, and of orders that all swaps of neighbours make worse, or that nothing is left to try
/// on; there not where something else in `found` explains the error. Not collective. Throws Stopped.
void find_missing_block(const Solution& solution, const ProblemFile& problem, const MissingBlockParameters& parameters,
                        std::vector<Finding>& found);

}  // namespace kintsugi::cli
