#pragma once

#include <vector>

#include "objective/linear_model.hpp"

namespace kintsugi {

/// Change of the MSE where two neighbours are swapped, and its standard error from the rows' spread.
struct SwapChange {
  double change = 0;
  double standard_error = 0;
};

/// Of each two neighbours at the model's point of linearisation, by the position of the first: [blocks - 1]. To be
/// taken with `near` 1 at the least. Collective over the evaluator's island.
[[nodiscard]] std::vector<SwapChange> swap_changes(const LinearModel& model);

/// Predicted change of the MSE where the blocks at positions a < b trade places, whatever stands between: [a L + b] of
/// L blocks, 0 elsewhere. To first order, so the trade of nearly equal blocks hardly changes it. Collective.
[[nodiscard]] std::vector<double> trade_changes(const LinearModel& model);

}  // namespace kintsugi
