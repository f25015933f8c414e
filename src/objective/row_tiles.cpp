#include "objective/row_tiles.hpp"

#include <algorithm>
#include <utility>

#include "kernels/gemm.hpp"
#include "kintsugi/core/error.hpp"
#include "mpi/exact_sums.hpp"

namespace kintsugi {

using kernels::kTileRows;

namespace {

// A row's inputs and predictions.
using RowPointers = std::pair<const float*, const float*>;

// Rows to slots: inputs and predictions feature by feature, [d + k][kTileRows].
void fill_tile(const std::vector<RowPointers>& rows, std::size_t d, std::size_t k, float* tile) {
  for (std::size_t slot = 0; slot < rows.size(); ++slot) {
    const auto [inputs, predictions] = rows[slot];
    for (std::size_t f = 0; f < d; ++f) tile[f * kTileRows + slot] = inputs[f];
    for (std::size_t q = 0; q < k; ++q) tile[(d + q) * kTileRows + slot] = predictions[q];
  }
}

}  // namespace

std::size_t RowTiles::count(std::size_t rows) noexcept { return (rows + kTileRows - 1) / kTileRows; }

RowTiles::RowTiles(const mpi::Comm& comm, RowSource& source, bool scaled) : shape_(source.shape()) {
  comm.agree([&] {
    if (shape_.rows == 0) throw InputError("the problem has no rows: there is nothing to judge an order by");
  });
  tiles_ = count(shape_.rows);
  deal(comm, source);
  PredictionScales scales = find_scales(comm, shape_, local_);
  unit_ = scales.unit;
  if (scaled && scales.any()) set_scales(std::move(scales));
  measure_variance(comm);
}

std::size_t RowTiles::rows_in(std::size_t tiles, std::size_t all) noexcept {
  const std::size_t whole = all / count(all);   // slots that every tile fills
  const std::size_t longer = all % count(all);  // tiles with one more
  return whole * tiles + std::min(tiles, longer);
}

std::size_t RowTiles::tiles_for(std::size_t rows, std::size_t all) noexcept {
  std::size_t tiles = std::min(count(all), std::max<std::size_t>(1, rows / kTileRows));
  while (tiles < count(all) && rows_in(tiles, all) < rows) ++tiles;
  return tiles;
}

std::vector<float> RowTiles::exchange(const mpi::Comm& comm, std::size_t first, std::span<const float> inputs,
                                      std::span<const float> predictions) const {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const std::size_t d = shape_.width;
  const std::size_t k = shape_.outputs;
  std::vector<float> travelling;
  travelling.reserve(inputs.size() + predictions.size());
  std::vector<std::size_t> counts(ranks, 0);
  for (std::size_t to = 0; to < ranks; ++to) {
    for (std::size_t i = 0; i < inputs.size() / d; ++i) {
      if ((first + i) % tiles_ % ranks != to) continue;
      travelling.insert(travelling.end(), &inputs[i * d], &inputs[i * d] + d);
      travelling.insert(travelling.end(), &predictions[i * k], &predictions[i * k] + k);
      counts[to] += d + k;
    }
  }
  return comm.all_to_all(travelling, counts);
}

void RowTiles::deal(const mpi::Comm& comm, RowSource& source) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto me = static_cast<std::size_t>(comm.rank());
  const std::size_t d = shape_.width;
  const std::size_t k = shape_.outputs;
  const std::size_t first = shape_.rows * me / ranks;
  const std::size_t count = shape_.rows * (me + 1) / ranks - first;
  std::vector<float> inputs(count * d);
  std::vector<float> predictions(count * k);
  comm.agree([&] { source.read(first, count, inputs, predictions); });

  // Where this rank's rows lie, by tile and slot: in what it read, if it is alone, else in what arrived.
  const std::size_t mine = tiles_ > me ? (tiles_ - me + ranks - 1) / ranks : 0;
  std::vector<std::vector<RowPointers>> rows_of(mine);
  std::vector<float> arrived;
  if (ranks == 1) {
    for (std::size_t row = 0; row < count; ++row)
      rows_of[row % tiles_].emplace_back(&inputs[row * d], &predictions[row * k]);
  } else {
    arrived = exchange(comm, first, inputs, predictions);
    const float* next = arrived.data();
    for (std::size_t row = 0; row < shape_.rows; ++row) {
      if (row % tiles_ % ranks != me) continue;
      rows_of[row % tiles_ / ranks].emplace_back(next, next + d);
      next += d + k;
    }
  }

  const std::size_t tile_size = (d + k) * kTileRows;
  memory_.assign(mine * tile_size, 0.0F);
  local_.resize(mine);
  for (std::size_t t = 0; t < mine; ++t) {
    float* const tile = memory_.data() + t * tile_size;
    local_[t] = {me + t * ranks, rows_of[t].size(), tile, tile + d * kTileRows};
    fill_tile(rows_of[t], d, k, tile);
  }
}

void RowTiles::set_scales(PredictionScales scales) {
  const std::size_t size = shape_.outputs * kTileRows;
  scale_memory_.resize(local_.size() * size);
  for (std::size_t t = 0; t < local_.size(); ++t) {
    float* const of_tile = scale_memory_.data() + t * size;
    for (std::size_t q = 0; q < shape_.outputs; ++q) {
      for (std::size_t row = 0; row < kTileRows; ++row) {
        of_tile[q * kTileRows + row] = scales.of_output[q] * scales.of_row[t][row];
      }
    }
    local_[t].scales = of_tile;
  }
  scales_ = std::move(scales);
}

void RowTiles::measure_variance(const mpi::Comm& comm) {
  const std::size_t k = shape_.outputs;
  mpi::ExactSums sums(2 * k);
  for (const RowTile& tile : local_) {
    for (std::size_t q = 0; q < k; ++q) {
      for (std::size_t row = 0; row < tile.rows; ++row) {
        const double value = unit_ * tile.predictions[q * kTileRows + row];
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
  variance_ = variance > 0 ? variance / (unit_ * unit_) : 1;
}

}  // namespace kintsugi
