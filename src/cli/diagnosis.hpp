#pragma once

#include <string>
#include <vector>

#include "kintsugi/core/parameters.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/core/solution.hpp"
#include "kintsugi/io/problem_file.hpp"

namespace kintsugi::cli {

/// What keeps a problem from being solved, or is odd about it: with evidence, and what to try. Not solved: wrong pairs,
/// another activation, a sample that was overfitted, a limit that was too short, noise, pieces that were left out.
/// Of an answer: what it is an answer up to. Always: few rows, equal blocks, odd rows. Costs an evaluation of some rows
/// for each activation and start where the problem is not solved, and one pass over all rows; these are left out where
/// a stop is heard. Not collective.
[[nodiscard]] std::vector<Finding> diagnose(const Solution& solution, const Network& network,
                                            const ProblemFile& problem, const Parameters& parameters);

/// "activation: the order fits ...; try: ..."
[[nodiscard]] std::string describe(const Finding& finding);

}  // namespace kintsugi::cli
