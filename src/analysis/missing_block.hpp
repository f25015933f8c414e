#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kintsugi/core/assembly.hpp"
#include "kintsugi/core/piece.hpp"

namespace kintsugi {

/// A network's errors as those of a network without one of its blocks: for each place 0 .. L (the missing block would
/// come before the block at that position) the share of the squared errors that an unknown function of the state there
/// explains, through the gradient of the predictions, to first order.
///
/// Each share is that of leave-one-out predictions of a Gaussian process: its covariance is the gradients' inner
/// product times the arc-cosine kernel of the states (Cho and Saul, 2009), which is what relu blocks with random
/// weights come to. So it does not grow with what is free to fit, and at most 1. `inputs` [rows x d], `predictions`
/// [rows x k], row-major; costs rows^3 k^3 for each place: some hundred rows do. Throws Stopped where a stop is heard.
/// Not collective; float64.
[[nodiscard]] std::vector<double> explained_by_missing_block(const NetworkF64& network, const Assembly& assembly,
                                                             std::span<const double> inputs,
                                                             std::span<const double> predictions, std::size_t rows);

}  // namespace kintsugi
