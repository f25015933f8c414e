#pragma once

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"
#include "kintsugi/io/solution_file.hpp"
#include "report/contents.hpp"

namespace kintsugi::cli {

/// The table of the pair score that chose the solution's pairs: the first that has what the solution has stored for
/// them, else the first candidate. `assembly` is the solution's answer as positions in `network`. Costs one table of
/// pair scores, up to five where the solution's options do not name the score.
[[nodiscard]] report::ChosenScores find_chosen_scores(const StoredSolution& stored, const Network& network,
                                                      const Assembly& assembly);

}  // namespace kintsugi::cli
