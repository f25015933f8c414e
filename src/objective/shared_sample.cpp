#include "objective/shared_sample.hpp"

#include <algorithm>

namespace kintsugi {

using kernels::kTileRows;

SharedSample::SharedSample(const Evaluator& evaluator, std::size_t tiles, std::size_t first)
    : ranks_(static_cast<std::size_t>(evaluator.island().size())),
      rank_(static_cast<std::size_t>(evaluator.island().rank())) {
  const RowTiles& rows = evaluator.rows();
  const std::size_t inputs = rows.shape().width * kTileRows;
  const std::size_t outputs = rows.shape().outputs * kTileRows;
  const bool scaled = rows.scales().any();
  const std::size_t size = inputs + (scaled ? 2 : 1) * outputs;
  numbers_.resize(tiles * size);
  for (const RowTile* const tile : evaluator.own_tiles(first + tiles)) {
    if (tile->index < first) continue;
    float* const to = numbers_.data() + (tile->index - first) * size;
    std::copy_n(tile->inputs, inputs, to);
    std::copy_n(tile->predictions, outputs, to + inputs);
    if (scaled) std::copy_n(tile->scales, outputs, to + inputs + outputs);
  }
  const std::vector<int> owners = evaluator.tile_owners(first + tiles);
  tiles_.reserve(tiles);
  for (std::size_t t = 0; t < tiles; ++t) {
    const std::span<float> tile = std::span(numbers_).subspan(t * size, size);
    evaluator.island().broadcast(tile, owners[first + t]);
    tiles_.push_back({.index = first + t,
                      .rows = rows.rows_in(first + t + 1) - rows.rows_in(first + t),
                      .inputs = tile.data(),
                      .predictions = tile.data() + inputs,
                      .scales = scaled ? tile.data() + inputs + outputs : nullptr});
  }
}

}  // namespace kintsugi
