#pragma once

#include <cstddef>

#include "objective/evaluator.hpp"

namespace kintsugi::cli {

/// GFLOP/s of one core: the best of several short rounds, in which all take turns so that all see the same clock
/// frequency and the same neighbours.
struct KernelSpeed {
  double peak = 0;     ///< multiply-adds on registers
  double forward = 0;  ///< block kernels, one tile through all blocks
  double adjoint = 0;
  double pairs = 0;   ///< effects of all pairs of blocks on one tile, from residuals and adjoints (pair_effects())
  double screen = 0;  ///< what all insertions would do to one tile's errors (insertion_changes()), effects in the cache
};

/// Measures for about `seconds`, on this rank alone, with the weights of `blocks` in turn; all of one hidden size.
/// Pairs and screen are those of `paired` blocks, 192 at most.
[[nodiscard]] KernelSpeed measure_kernels(const SharedWeights& weights, const Blocks& blocks, std::size_t paired,
                                          double seconds);

}  // namespace kintsugi::cli
