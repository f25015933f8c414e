#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/study_results.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// The published repair: a sweep goes through the order from its first neighbours to its last and exchanges every two
/// whose exchange lowers the error on the first `tiles` tiles, however little; sweeps are repeated until one exchanges
/// nothing, or until the evaluations of the repair reach `most_evaluations` (0: no limit). Exact: the network is
/// evaluated from each exchange on, behind states that the sweep carries along; L^2 / 2 block evaluations a sweep.
struct BubbleRepair {
  Blocks blocks;                    ///< the order at the end
  std::vector<RepairRound> rounds;  ///< `start` is left empty
  std::vector<std::int64_t> spent;  ///< evaluations of the whole network until the end of each round, rounded up
  std::int64_t evaluations = 0;     ///< the same in all
  bool finished = false;            ///< the last sweep exchanged nothing
};

/// `error_of` gives the error that a round reports; it is called after each. Collective over the evaluator's island;
/// equal results on all ranks, whatever their number.
[[nodiscard]] BubbleRepair repair_by_bubbling(Evaluator& evaluator, Blocks blocks, std::size_t tiles,
                                              std::int64_t most_evaluations,
                                              const std::function<double(const Blocks&)>& error_of);

}  // namespace kintsugi
