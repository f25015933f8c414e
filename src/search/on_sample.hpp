#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "objective/evaluator.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// The order with its MSE on the first `tiles` tiles, evaluated where it has that of another sample. Collective.
[[nodiscard]] inline ScoredOrder on_sample(Evaluator& evaluator, const ScoredOrder& order, std::size_t tiles) {
  return {order.blocks, order.tiles == tiles ? order.mse : evaluator.error(order.blocks, tiles), tiles};
}

/// For a search that needs so many rows, whatever sample it is given: the order on a sample of as many, or on its own
/// where that is larger. Collective.
[[nodiscard]] inline ScoredOrder on_enough_rows(Evaluator& evaluator, const ScoredOrder& order, std::size_t rows) {
  const std::size_t tiles = std::max(order.tiles, evaluator.rows().tiles_for(rows));
  const bool known = order.tiles == tiles && std::isfinite(order.mse);
  return {order.blocks, known ? order.mse : evaluator.error(order.blocks, tiles), tiles};
}

}  // namespace kintsugi
