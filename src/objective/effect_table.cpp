#include "objective/effect_table.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "objective/linear_model.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

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

}  // namespace

void EffectTable::place(const mpi::Comm& island, std::size_t pairs) {
  const std::size_t floats = kernels::padded_floats(pairs * rows);
  const std::size_t bytes = floats * sizeof(float) + pairs * sizeof(double);
  if (bytes > room_bytes_) {
    if (!node_) node_ = island.split_node();
    memory_.reset();  // the old table goes first
    if (node_->size() > 1) memory_ = std::make_unique<mpi::NodeMemory>(*node_, bytes);
    if (memory_ && memory_->data() == nullptr) memory_.reset();
    if (!memory_) own_.resize(bytes / sizeof(float));
    room_ = memory_ ? static_cast<float*>(memory_->data()) : own_.data();
    room_bytes_ = bytes;
  }
  effects = {room_, pairs * rows};
  sizes = {reinterpret_cast<const double*>(room_ + floats), pairs};
}

EffectTable::Part EffectTable::part(std::size_t pairs) const {
  if (!memory_) return {0, pairs};
  const auto rank = static_cast<std::size_t>(node_->rank());
  const auto ranks = static_cast<std::size_t>(node_->size());
  return {pairs * rank / ranks, pairs * (rank + 1) / ranks};
}

void EffectTable::meet() const {
  if (memory_) node_->barrier();
}

void EffectTable::measure(const Part& mine, double base_error) {
  const double squares = sum_of_squares(errors.data(), rows);
  to_mse = squares > 0 ? base_error / squares : 0;
  auto* const to = reinterpret_cast<double*>(room_ + kernels::padded_floats(effects.size()));
  for (std::size_t p = mine.first; p < mine.last; ++p) {
    to[p] = to_mse * sum_of_squares(effects.data() + p * rows, rows);
  }
}

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
  place(island, pairs);
  errors.resize(rows);
  const Part mine = part(pairs);

  const std::vector<int> owners = evaluator.tile_owners(tiles);
  kernels::TileBuffer packed((1 + pairs) * slot);
  std::size_t next = 0;
  meet();  // nobody reads the old table any more
  // Tile after tile, so that what is on its way is small beside the table.
  for (std::size_t t = 0; t < tiles; ++t) {
    if (owners[t] == island.rank()) pack(base, next++, packed.data());
    {
      const ScopedSeconds timing(evaluator.clock().collectives);
      island.broadcast(std::span<float>(packed), owners[t]);
    }
    std::copy_n(packed.data(), slot, errors.data() + t * slot);
    for (std::size_t p = mine.first; p < mine.last; ++p) {
      std::copy_n(packed.data() + (1 + p) * slot, slot, room_ + p * rows + t * slot);
    }
  }
  {
    const ScopedSeconds timing(evaluator.clock().kernels);
    measure(mine, base.mse);
  }
  meet();
}

}  // namespace kintsugi
