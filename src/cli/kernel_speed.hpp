#pragma once

#include "objective/evaluator.hpp"

namespace kintsugi::cli {

/// GFLOP/s of one core: the best of several short rounds, in which the three take turns so that all see the same clock
/// frequency and the same neighbours.
struct KernelSpeed {
  double peak = 0;     ///< multiply-adds on registers
  double forward = 0;  ///< block kernels, one tile through all blocks
  double adjoint = 0;
};

/// Measures for about `seconds`, on this rank alone, with the weights of `blocks` in turn. All blocks have one hidden
/// size.
[[nodiscard]] KernelSpeed measure_kernels(const SharedWeights& weights, const Blocks& blocks, double seconds);

}  // namespace kintsugi::cli
