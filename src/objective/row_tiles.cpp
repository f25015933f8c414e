#include "kintsugi/objective/row_tiles.hpp"

#include <algorithm>

#include "kintsugi/core/error.hpp"
#include "kintsugi/kernels/gemm.hpp"
#include "kintsugi/mpi/exact_sums.hpp"

namespace kintsugi {

using kernels::kTileRows;

RowTiles::RowTiles(const mpi::Comm& comm, RowSource& source) : shape_(source.shape()) {
  comm.agree([&] {
    if (shape_.rows == 0) throw InputError("the problem has no rows: there is nothing to judge an order by");
  });
  tiles_ = (shape_.rows + kTileRows - 1) / kTileRows;
  deal(comm, source);
  measure_variance(comm);
}

std::size_t RowTiles::rows_in(std::size_t tiles) const noexcept {
  const std::size_t whole = shape_.rows / tiles_;   // slots that every tile fills
  const std::size_t longer = shape_.rows % tiles_;  // tiles with one more
  return whole * tiles + std::min(tiles, longer);
}

std::size_t RowTiles::tiles_for(std::size_t rows) const noexcept {
  std::size_t tiles = std::min(tiles_, std::max<std::size_t>(1, rows / kTileRows));
  while (tiles < tiles_ && rows_in(tiles) < rows) ++tiles;
  return tiles;
}

void RowTiles::deal(const mpi::Comm& comm, RowSource& source) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto me = static_cast<std::size_t>(comm.rank());
  const std::size_t d = shape_.width;
  const std::size_t k = shape_.outputs;
  const auto first_row_of = [&](std::size_t rank) { return shape_.rows * rank / ranks; };
  const auto owner_of = [&](std::size_t row) { return row % tiles_ % ranks; };

  const std::size_t first = first_row_of(me);
  const std::size_t count = first_row_of(me + 1) - first;
  std::vector<float> inputs(count * d);
  std::vector<float> predictions(count * k);
  comm.agree([&] { source.read(first, count, inputs, predictions); });

  std::vector<float> travelling;
  travelling.reserve(inputs.size() + predictions.size());
  std::vector<std::size_t> counts(ranks, 0);
  for (std::size_t to = 0; to < ranks; ++to) {
    for (std::size_t i = 0; i < count; ++i) {
      if (owner_of(first + i) != to) continue;
      travelling.insert(travelling.end(), &inputs[i * d], &inputs[i * d] + d);
      travelling.insert(travelling.end(), &predictions[i * k], &predictions[i * k] + k);
      counts[to] += d + k;
    }
  }
  inputs = {};
  predictions = {};
  const std::vector<float> arrived = ranks > 1 ? comm.all_to_all(travelling, counts) : std::move(travelling);

  const std::size_t mine = tiles_ > me ? (tiles_ - me + ranks - 1) / ranks : 0;
  const std::size_t tile_size = (d + k) * kTileRows;
  memory_.assign(mine * tile_size, 0.0F);
  local_.resize(mine);
  for (std::size_t t = 0; t < mine; ++t) {
    const float* const at = memory_.data() + t * tile_size;
    local_[t] = {me + t * ranks, 0, at, at + d * kTileRows};
  }
  // Rows arrive in ascending order; tile by tile, what is written stays in the cache.
  std::vector<std::vector<const float*>> rows_of(mine);
  const float* next = arrived.data();
  for (std::size_t row = 0; row < shape_.rows; ++row) {
    if (owner_of(row) != me) continue;
    rows_of[row % tiles_ / ranks].push_back(next);
    next += d + k;
  }
  for (std::size_t t = 0; t < mine; ++t) {
    float* const tile = memory_.data() + t * tile_size;
    local_[t].rows = rows_of[t].size();
    for (std::size_t slot = 0; slot < rows_of[t].size(); ++slot) {
      for (std::size_t f = 0; f < d + k; ++f) tile[f * kTileRows + slot] = rows_of[t][slot][f];
    }
  }
}

void RowTiles::measure_variance(const mpi::Comm& comm) {
  const std::size_t k = shape_.outputs;
  mpi::ExactSums sums(2 * k);
  for (const RowTile& tile : local_) {
    for (std::size_t q = 0; q < k; ++q) {
      for (std::size_t row = 0; row < tile.rows; ++row) {
        const double value = tile.predictions[q * kTileRows + row];
        sums.add(2 * q, value);
        sums.add(2 * q + 1, value * value);
      }
    }
  }
  sums.reduce(comm);
  const auto rows = static_cast<double>(shape_.rows);
  double variance = 0;
  for (std::size_t q = 0; q < k; ++q) {
    const double mean = sums.value(2 * q) / rows;
    variance += (sums.value(2 * q + 1) / rows - mean * mean) / static_cast<double>(k);
  }
  variance_ = variance > 0 ? variance : 1;
}

}  // namespace kintsugi
