#pragma once

#include <cstddef>
#include <span>

#include "kernels/float64.hpp"
#include "kintsugi/core/assembly.hpp"
#include "objective/row_tile.hpp"
#include "objective/weights.hpp"

namespace kintsugi {

/// A network in float64 on some tiles at a time, whose states it holds; a copy goes on from the same states. Not
/// collective.
class Network64 {
 public:
  /// At the inputs. `weights` must outlive the object.
  Network64(const SharedWeights& weights, std::span<const RowTile* const> tiles);

  /// Adds the block's residual to all states; leaves some as they are where a stop is heard.
  void advance(const Block& block);
  /// What the head is given of a tile: [width][kTileRows]; valid until the next call.
  [[nodiscard]] const double* state(std::size_t tile);
  /// The head's predictions of a tile: [outputs][kTileRows].
  void predict(std::size_t tile, std::span<double> outputs);

 private:
  /// A block's weights in float64, as BlockWeights has them.
  struct Block64 {
    BlockForm form;
    std::size_t hidden = 0;
    std::size_t inner = 0;
    kernels::TileBuffer64 w_in, b_in, w_out, b_out;
  };

  [[nodiscard]] std::size_t size() const { return width_ * kernels::kTileRows; }
  void take(const Block& block);
  /// What the expand piece or the head is given.
  const double* normed(const BlockForm& form, const double* state);
  void activate_hidden();

  const SharedWeights* weights_;
  std::size_t width_;
  std::size_t tiles_;
  kernels::TileBuffer64 states_;  // [tiles][width][kTileRows]
  kernels::TileBuffer64 normed_, hidden_, residual_;
  Block64 block_;
};

}  // namespace kintsugi
