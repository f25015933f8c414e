#include "kintsugi/objective/first_order_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kintsugi/kernels/screen.hpp"

namespace kintsugi {

using kernels::kTileRows;

bool FirstOrderModel::linearise(const Blocks& blocks, std::size_t tiles) {
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  tiles_ = tiles;
  base_blocks_ = blocks;
  own_.clear();
  const std::size_t effects_size = outputs * blocks.size() * blocks.size() * kTileRows;
  const std::size_t errors_size = outputs * kTileRows;
  for (const RowTile* const rows : evaluator_->own_tiles(tiles)) {
    own_.push_back({rows, own_.size() * effects_size, own_.size() * errors_size});
  }
  effects_.resize(own_.size() * effects_size);
  base_errors_.resize(own_.size() * errors_size);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    for (const Tile& tile : own_) pass(*tile.rows, blocks, effects_.data() + tile.effects, base_errors_.data() + tile.errors);
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (1 + outputs)));
  rewind();
  predicted_error_ = sum_of_squares();
  base_error_ = predicted_error_;
  return std::isfinite(base_error_);
}

void FirstOrderModel::rewind() {
  blocks_ = base_blocks_;
  errors_ = base_errors_;
  order_.resize(blocks_.size());
  std::iota(order_.begin(), order_.end(), 0);
  predicted_error_ = base_error_;
}

void FirstOrderModel::pass(const RowTile& rows, const Blocks& blocks, float* effects, float* errors) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t width = weights.roles().width;
  const std::size_t outputs = weights.roles().outputs;
  const std::size_t state_size = width * kTileRows;
  std::vector<std::size_t> slope_at(blocks.size() + 1, 0);
  std::size_t widest = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::size_t hidden = weights.hidden(blocks[b].expand);
    widest = std::max(widest, hidden);
    slope_at[b + 1] = slope_at[b] + hidden * kTileRows;
  }
  hidden_.resize(widest * kTileRows);
  residuals_.resize(blocks.size() * state_size);
  pulled_.resize(blocks.size() * state_size);
  slopes_.resize(slope_at.back());
  gradient_.resize(state_size);
  state_.assign(rows.inputs, rows.inputs + state_size);

  for (std::size_t b = 0; b < blocks.size(); ++b) {
    float* const r = residuals_.data() + b * state_size;
    evaluator_->kernel(blocks[b]).residual_and_slope(weights.block(blocks[b]), state_.data(), r, hidden_.data(),
                                                     slopes_.data() + slope_at[b]);
    for (std::size_t i = 0; i < state_size; ++i) state_[i] += r[i];
  }
  evaluator_->tile_errors(rows, state_.data(), errors);

  for (std::size_t q = 0; q < outputs; ++q) {
    // Rows that only fill the tile up get a zero gradient and so no effects.
    for (std::size_t f = 0; f < width; ++f) {
      for (std::size_t row = 0; row < kTileRows; ++row) {
        gradient_[f * kTileRows + row] = row < rows.rows ? weights.head_weight()[q * width + f] : 0;
      }
    }
    for (std::size_t b = blocks.size(); b-- > 0;) {
      float* const u = pulled_.data() + b * state_size;
      evaluator_->kernel(blocks[b]).pull_back(weights.block(blocks[b]), slopes_.data() + slope_at[b], gradient_.data(),
                                              u, hidden_.data());
      for (std::size_t i = 0; i < state_size; ++i) gradient_[i] += u[i];
    }
    kernels::pair_effects(blocks.size(), width, residuals_.data(), pulled_.data(),
                          effects + q * blocks.size() * blocks.size() * kTileRows, scratch_);
  }
}

double FirstOrderModel::sum_of_squares() {
  const std::size_t errors_size = evaluator_->weights().roles().outputs * kTileRows;
  mpi::ExactSums sums(1);
  for (const Tile& tile : own_) {
    double sum = 0;
    for (std::size_t i = 0; i < errors_size; ++i) {
      const double error = errors_[tile.errors + i];
      sum += error * error;
    }
    sums.add(0, sum);
  }
  const ScopedSeconds timing(evaluator_->clock().collectives);
  sums.reduce(evaluator_->island());
  return sums.value(0) / static_cast<double>(evaluator_->rows().rows_in(tiles_) * evaluator_->weights().roles().outputs);
}

std::span<const double> FirstOrderModel::screen(std::size_t reach) {
  const std::size_t blocks = order_.size();
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  const std::size_t band = 2 * reach + 1;
  // Tiles' sums are cut to integers in units that all ranks know, and added as integers. A tile that alone says
  // "thousands of times the present error" may say so less exactly: its share is clamped.
  const double scale = base_error_ * static_cast<double>(evaluator_->rows().rows_in(tiles_) * outputs);
  const int headroom = static_cast<int>(std::bit_width(tiles_));
  const double limit = std::ldexp(1.0, std::min(51, 62 - headroom));
  const double unit = std::ldexp(1.0, std::ilogb(scale) - std::min(51, 62 - headroom) + 12);
  units_.assign(blocks * band, 0);
  change_.assign(blocks * band, std::numeric_limits<double>::infinity());
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    std::vector<double> sums(blocks * band);
    for (const Tile& tile : own_) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t q = 0; q < outputs; ++q) {
        const float* const effects = effects_.data() + tile.effects + q * blocks * blocks * kTileRows;
        const float* const errors = errors_.data() + tile.errors + q * kTileRows;
        for (std::size_t from = 0; from < blocks; ++from) {
          const std::size_t first = from > reach ? from - reach : 0;
          const std::size_t last = std::min(blocks - 1, from + reach);
          kernels::insertion_changes(order_, from, first, last, effects, errors, &sums[from * band + first + reach - from]);
        }
      }
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const double clamped = std::clamp(sums[i] / unit, -limit, limit);
        units_[i] += static_cast<std::int64_t>(clamped);
      }
    }
  }
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    evaluator_->island().sum(units_);
  }
  const double to_mse = unit / scale * base_error_;
  for (std::size_t from = 0; from < blocks; ++from) {
    for (std::size_t i = 0; i < band; ++i) {
      if (from + i < reach || from + i - reach >= blocks) continue;
      change_[from * band + i] = static_cast<double>(units_[from * band + i]) * to_mse;
    }
  }
  return change_;
}

void FirstOrderModel::apply(std::span<const Insertion> moves) {
  const std::size_t blocks = order_.size();
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  for (const Insertion& move : moves) {
    for (const Tile& tile : own_) {
      for (std::size_t q = 0; q < outputs; ++q) {
        kernels::apply_insertion(order_, static_cast<std::size_t>(move.from), static_cast<std::size_t>(move.to),
                                 effects_.data() + tile.effects + q * blocks * blocks * kTileRows,
                                 errors_.data() + tile.errors + q * kTileRows);
      }
    }
    insert_in(order_, move.from, move.to);
    insert_in(blocks_, move.from, move.to);
  }
  predicted_error_ = sum_of_squares();
}

}  // namespace kintsugi
