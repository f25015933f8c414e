#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "objective/evaluator.hpp"

namespace kintsugi {

/// What another order does to the MSE on some tiles, by an evaluation of both in float64.
struct ExactChange {
  double mean = 0;            ///< in units of the MSE of the order that it is compared with
  double standard_error = 0;  ///< of the mean, from its spread over the predictions
};

/// Of each of some orders of the same pieces; errors as the evaluator scales them. Orders that begin as `base` does
/// share that part of the evaluation, in which they cost up to one of the network each. `mse`: that of `base`, above 0.
/// Changes of more than a million of it count as that. Collective over the evaluator's island; equal results for any
/// number of ranks.
[[nodiscard]] std::vector<ExactChange> exact_changes(const Evaluator& evaluator, const Blocks& base, double mse,
                                                     std::span<const Blocks> orders, std::size_t tiles);

}  // namespace kintsugi
