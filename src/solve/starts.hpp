#pragma once

#include <string>
#include <vector>

#include "search/clues.hpp"
#include "search/step.hpp"
#include "solve/preparation.hpp"

namespace kintsugi {

/// The names that SolveOptions::start may have, besides "auto" and "given": start_names() and "seriation", lines that
/// the weights alone give (seeding/seriation.hpp), each in both directions.
[[nodiscard]] std::vector<std::string> solve_start_names();

/// The orders that the options ask for, or the given one, by their error on the first rows; best first. Collective over
/// the evaluator's island.
[[nodiscard]] std::vector<StartOrder> rank_starts(Evaluator& evaluator, const Preparation& preparation,
                                                  const SolveOptions& options);

/// What the islands start from, one after another and over again: the better half of `starts`; where random orders are
/// asked for, each island has one of its own. Collective over the evaluator's island.
[[nodiscard]] std::vector<ScoredOrder> island_starts(Evaluator& evaluator, const Preparation& preparation,
                                                     const SolveOptions& options,
                                                     const std::vector<StartOrder>& starts);

/// What the weights say to the search: nothing of depth where neither the halves of the features nor the error trust
/// the lines. Not collective.
[[nodiscard]] SearchClues search_clues(const Preparation& preparation, const SolveOptions& options,
                                       const std::vector<StartOrder>& starts);

}  // namespace kintsugi
