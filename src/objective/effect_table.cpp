#include "objective/effect_table.hpp"

#include <algorithm>

#include "objective/first_order_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Ranks of the island, for each tile the one that holds it.
std::vector<int> tile_owners(const mpi::Comm& island, std::size_t tiles, std::span<const std::size_t> own) {
  std::vector<std::int64_t> owner(tiles, 0);
  for (const std::size_t index : own) owner[index] = island.rank();
  island.max(owner);
  return {owner.begin(), owner.end()};
}

}  // namespace

// Errors, then the effects of all pairs: [1 + pairs][channels][kTileRows].
void FirstOrderModel::pack(const Tile& tile, float* to) const {
  const std::size_t blocks = base_blocks_.size();
  const std::size_t slot = channels_ * kTileRows;
  std::copy_n(base_errors_.data() + tile.errors, slot, to);
  for (std::size_t a = 0; a < blocks; ++a) {
    for (std::size_t b = a + 1; b < blocks; ++b) {
      to += slot;
      for (std::size_t c = 0; c < channels_; ++c) {
        const float* const effects = effects_.data() + tile.effects + c * blocks * blocks * kTileRows;
        std::copy_n(effects + (a * blocks + b) * kTileRows, kTileRows, to + c * kTileRows);
      }
    }
  }
}

void FirstOrderModel::gather(EffectTable& table, std::size_t most_bytes) {
  const mpi::Comm& island = evaluator_->island();
  const std::size_t blocks = base_blocks_.size();
  const std::size_t pairs = blocks * (blocks - 1) / 2;
  const std::size_t slot = channels_ * kTileRows;
  const std::size_t tiles = std::min(tiles_, std::max<std::size_t>(1, most_bytes / (pairs * slot * sizeof(float))));
  table.blocks = blocks;
  table.rows = tiles * slot;
  table.effects.resize(pairs * table.rows);
  table.errors.resize(table.rows);

  std::vector<std::size_t> own;
  for (const Tile& tile : own_) {
    if (tile.rows->index < tiles) own.push_back(tile.rows->index);
  }
  const std::vector<int> owners = tile_owners(island, tiles, own);
  kernels::TileBuffer packed((1 + pairs) * slot);
  std::size_t next = 0;
  // Tile after tile, so that what is on its way is small beside the table.
  for (std::size_t t = 0; t < tiles; ++t) {
    if (owners[t] == island.rank()) pack(own_[next++], packed.data());
    {
      const ScopedSeconds timing(evaluator_->clock().collectives);
      island.broadcast(std::span<float>(packed), owners[t]);
    }
    std::copy_n(packed.data(), slot, table.errors.data() + t * slot);
    for (std::size_t p = 0; p < pairs; ++p) {
      std::copy_n(packed.data() + (1 + p) * slot, slot, table.effects.data() + p * table.rows + t * slot);
    }
  }
  const ScopedSeconds timing(evaluator_->clock().kernels);
  const auto sum_of_squares = [&](const float* values) {
    double sum = 0;
    for (std::size_t i = 0; i < table.rows; ++i) sum += static_cast<double>(values[i]) * values[i];
    return sum;
  };
  const double squares = sum_of_squares(table.errors.data());
  table.to_mse = squares > 0 ? base_error_ / squares : 0;
  table.sizes.resize(pairs);
  for (std::size_t p = 0; p < pairs; ++p) {
    table.sizes[p] = table.to_mse * sum_of_squares(table.effects.data() + p * table.rows);
  }
}

}  // namespace kintsugi
