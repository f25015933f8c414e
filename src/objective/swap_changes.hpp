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

}  // namespace kintsugi
