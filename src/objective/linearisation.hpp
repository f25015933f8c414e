#pragma once

#include <cstddef>
#include <vector>

#include "core/order.hpp"
#include "kernels/aligned.hpp"
#include "objective/row_tiles.hpp"

namespace kintsugi {

/// The rows' errors at one order, and the effects of its pairs on them, as one rank holds them: those of its own tiles.
/// Blocks go by their positions in the order.
struct Linearisation {
  Blocks blocks;             ///< the order
  std::size_t tiles = 0;     ///< that effects were taken of: the first ones of the sample
  std::size_t channels = 0;  ///< see ForwardBackward
  double mse = 0;            ///< of the order, on the whole sample

  std::vector<const RowTile*> own;  ///< this rank's tiles
  kernels::TileBuffer errors;       ///< [own][channels][kTileRows]
  kernels::TileBuffer effects;      ///< [own][channels][blocks][blocks][kTileRows]: D(a, b), see kernels/screen.hpp

  /// Numbers of all pairs' effects in one tile and channel.
  [[nodiscard]] std::size_t effects_size() const { return blocks.size() * blocks.size() * kernels::kTileRows; }
  /// [blocks][blocks][kTileRows] of the tile own[tile].
  [[nodiscard]] const float* effects_of(std::size_t tile, std::size_t channel) const {
    return effects.data() + (tile * channels + channel) * effects_size();
  }
  /// D(a, b): [kTileRows].
  [[nodiscard]] const float* effect(std::size_t tile, std::size_t channel, std::size_t a, std::size_t b) const {
    return effects_of(tile, channel) + (a * blocks.size() + b) * kernels::kTileRows;
  }
  /// [kTileRows].
  [[nodiscard]] const float* errors_of(std::size_t tile, std::size_t channel) const {
    return errors.data() + (tile * channels + channel) * kernels::kTileRows;
  }
};

}  // namespace kintsugi
