#include "objective/effect_table.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

#include "objective/linear_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// Ranks of the island, for each tile the one that holds it.
std::vector<int> tile_owners(const mpi::Comm& island, std::size_t tiles, const std::vector<const RowTile*>& own) {
  std::vector<std::int64_t> owner(tiles, 0);
  for (const RowTile* const tile : own) {
    if (tile->index < tiles) owner[tile->index] = island.rank();
  }
  island.max(owner);
  return {owner.begin(), owner.end()};
}

// Errors of a tile, then the effects of all pairs: [1 + pairs][channels][kTileRows].
void pack(const Linearisation& base, std::size_t tile, float* to) {
  const std::size_t blocks = base.blocks.size();
  std::copy_n(base.errors_of(tile, 0), base.channels * kTileRows, to);
  for (std::size_t a = 0; a < blocks; ++a) {
    for (std::size_t b = a + 1; b < blocks; ++b) {
      to += base.channels * kTileRows;
      for (std::size_t c = 0; c < base.channels; ++c) {
        std::copy_n(base.effect(tile, c, a, b), kTileRows, to + c * kTileRows);
      }
    }
  }
}

double sum_of_squares(const float* values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(values[i]) * values[i];
  return sum;
}

// The scale of the errors, and the effects' sizes.
void measure(EffectTable& table, double base_error) {
  const double squares = sum_of_squares(table.errors.data(), table.rows);
  table.to_mse = squares > 0 ? base_error / squares : 0;
  table.sizes.resize(table.blocks * (table.blocks - 1) / 2);
  for (std::size_t p = 0; p < table.sizes.size(); ++p) {
    table.sizes[p] = table.to_mse * sum_of_squares(table.effects.data() + p * table.rows, table.rows);
  }
}

}  // namespace

void EffectTable::gather(const LinearModel& model, std::size_t most_bytes) {
  const Linearisation& base = model.base();
  Evaluator& evaluator = model.evaluator();
  const mpi::Comm& island = evaluator.island();
  const std::size_t slot = base.channels * kTileRows;
  blocks = base.blocks.size();
  const std::size_t pairs = blocks * (blocks - 1) / 2;
  const std::size_t affordable = most_bytes / (pairs * slot * sizeof(float));
  const std::size_t tiles = std::min(base.tiles, std::max<std::size_t>(1, affordable));
  rows = tiles * slot;
  effects.resize(pairs * rows);
  errors.resize(rows);

  const std::vector<int> owners = tile_owners(island, tiles, base.own);
  kernels::TileBuffer packed((1 + pairs) * slot);
  std::size_t next = 0;
  // Tile after tile, so that what is on its way is small beside the table.
  for (std::size_t t = 0; t < tiles; ++t) {
    if (owners[t] == island.rank()) pack(base, next++, packed.data());
    {
      const ScopedSeconds timing(evaluator.clock().collectives);
      island.broadcast(std::span<float>(packed), owners[t]);
    }
    std::copy_n(packed.data(), slot, errors.data() + t * slot);
    for (std::size_t p = 0; p < pairs; ++p) {
      std::copy_n(packed.data() + (1 + p) * slot, slot, effects.data() + p * rows + t * slot);
    }
  }
  const ScopedSeconds timing(evaluator.clock().kernels);
  measure(*this, base.mse);
}

}  // namespace kintsugi
