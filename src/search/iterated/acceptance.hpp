#pragma once

#include "kintsugi/core/parameters.hpp"
#include "search/step.hpp"

namespace kintsugi {

/// Whether what came of a perturbation takes the incumbent's place: where it is better, or worse by a small share of
/// the error, as a cooling annealing would accept.
[[nodiscard]] inline bool accepts(const ScoredOrder& incumbent, const ScoredOrder& result,
                                  const AcceptanceParameters& parameters) {
  return result.mse < incumbent.mse * (1 + parameters.worse);
}

}  // namespace kintsugi
