#pragma once

#include <cstddef>

#include "kintsugi/core/solution.hpp"

namespace kintsugi {

/// How many neighbours stand in an order that is sure.
struct Certainty {
  bool of_answer = false;   ///< the order is the answer; else swaps tell of this order alone, not of the answer's
  std::size_t certain = 0;  ///< neighbours whose swap would raise the error for certain
  std::size_t of = 0;       ///< neighbours that were asked: 0 where a solution has no margins
};

/// Whether the predictions, as far as they can tell, are explained by the order.
[[nodiscard]] bool explains_predictions(Status status);

/// Whether swapping these two would raise the error for certain. Of an answer, the margin itself says so; of another
/// order a rise may be chance, and counts from three standard errors on.
[[nodiscard]] bool is_certain(const Margin& margin, Status status);

[[nodiscard]] Certainty certainty_of(const Solution& solution);

}  // namespace kintsugi
