#pragma once

#include <vector>

#include "objective/linear_model.hpp"

namespace kintsugi {

/// How strongly the rows tell the order of each two neighbours, by the position of the first: [blocks - 1].
struct SwapEvidence {
  /// Of the swap's effect on all predictions, the sum of squares that no swaps of other near pairs can make up for, by
  /// least squares.
  std::vector<double> squares;
  /// By how much the sum of squared errors rises where the two are swapped and other near pairs, in either order, make
  /// up for what they can.
  std::vector<double> rise;
  double variance = 0;  ///< of the errors that all these swaps leave, for each prediction
};

/// At the model's order. All zero where there are hardly more predictions than pairs.
///
/// Pairs are as far apart as `most_pairs` allows. Their squares in memory and, for each row, in operations. Leaves the
/// model as it is; to be taken with `near` 1 at the least. Collective over the evaluator's island.
[[nodiscard]] SwapEvidence swap_evidence(const LinearModel& model, std::size_t most_pairs);

}  // namespace kintsugi
