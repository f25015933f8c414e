#pragma once

#include <cstddef>
#include <span>

#include "kernels/aligned.hpp"
#include "objective/forward_backward.hpp"

namespace kintsugi {

/// Effects of pairs that are near each other from differences of the blocks themselves instead of their Jacobians,
/// which sees the kinks of relu. Not collective.
class NearDifferences {
 public:
  /// Replaces D(a, b) of all pairs at most `reach` positions apart by the difference of both blocks' residuals, along
  /// the gradients of the last passes through `layers`. `effects`: [blocks][blocks][kTileRows] of one tile. Two block
  /// evaluations a pair.
  void replace(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t reach, float* effects);
  /// What it changes, to each row of the tile, that the blocks at positions a < b change sides: [kTileRows].
  void effect(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t a, std::size_t b,
              float* effect);

 private:
  /// Adds g . (f_b(x_b + sign * r_other) - r_b) to the rows of `effect`.
  void add_response(const ForwardBackward& passes, std::span<const Layer> layers, std::size_t b, std::size_t other,
                    float sign, float* effect);

  kernels::TileBuffer shifted_, response_, hidden_;
};

}  // namespace kintsugi
