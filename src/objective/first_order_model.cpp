#include "objective/first_order_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/screen.hpp"

namespace kintsugi {

using kernels::kTileRows;

FirstOrderModel::FirstOrderModel(Evaluator& evaluator)
    : evaluator_(&evaluator), passes_(evaluator), channels_(passes_.channels()) {}

std::size_t FirstOrderModel::affordable_tiles(std::size_t blocks) const {
  const std::size_t bytes = channels_ * blocks * blocks * kTileRows * sizeof(float);
  return std::max<std::size_t>(1, kMemory / bytes);
}

bool FirstOrderModel::linearise(const Blocks& blocks, std::size_t tiles, std::size_t near) {
  tiles_ = std::min(tiles, affordable_tiles(blocks.size()));
  base_blocks_ = blocks;
  own_.clear();
  const std::size_t one_channel = blocks.size() * blocks.size() * kTileRows;
  for (const RowTile* const rows : evaluator_->own_tiles(tiles_)) {
    own_.push_back({rows, own_.size() * channels_ * one_channel, own_.size() * channels_ * kTileRows});
  }
  // The old effects are of no use: a vector that grows would hold both.
  if (effects_.capacity() < own_.size() * channels_ * one_channel) kernels::TileBuffer().swap(effects_);
  effects_.resize(own_.size() * channels_ * one_channel);
  base_errors_.resize(own_.size() * channels_ * kTileRows);
  mpi::ExactSums squares(1);
  {
    const ScopedSeconds timing(evaluator_->clock().kernels);
    const std::vector<Layer> layers = layers_of(*evaluator_, blocks);
    for (const Tile& tile : own_) {
      squares.add(0, passes_.forward(*tile.rows, layers, base_errors_.data() + tile.errors));
      for (std::size_t c = 0; c < channels_; ++c) {
        float* const effects = effects_.data() + tile.effects + c * one_channel;
        passes_.backward(*tile.rows, layers, c);
        kernels::pair_effects(blocks.size(), evaluator_->weights().roles().width, passes_.residuals().data(),
                              passes_.pulled().data(), effects, scratch_);
        if (near > 0) refine(layers, near, effects);
      }
    }
  }
  evaluator_->count_blocks(static_cast<std::int64_t>(blocks.size() * (1 + channels_ * (1 + 2 * near))), tiles_);
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    squares.reduce(evaluator_->island());
  }
  const auto count = static_cast<double>(evaluator_->rows().rows_in(tiles_) * evaluator_->weights().roles().outputs);
  base_error_ = tiles_ == tiles ? squares.value(0) / count : evaluator_->error(blocks, tiles);
  rewind();
  scale_ = 1;
  const double modelled = sum_of_squares();
  if (modelled > 0 && base_error_ > 0) scale_ = base_error_ / modelled;
  predicted_error_ = base_error_;
  return std::isfinite(base_error_) && std::isfinite(scale_);
}

void FirstOrderModel::rewind() {
  blocks_ = base_blocks_;
  errors_ = base_errors_;
  order_.resize(blocks_.size());
  std::iota(order_.begin(), order_.end(), 0);
  predicted_error_ = base_error_;
}

void FirstOrderModel::refine(std::span<const Layer> layers, std::size_t near, float* effects) {
  const std::size_t blocks = layers.size();
  const std::size_t size = passes_.size();
  shifted_.resize(size);
  response_.resize(size);
  hidden_.resize(hidden_tile(layers));
  // Adds g . (f_b(x_b + sign * r_other) - r_b) to the rows of `effect`.
  const auto add_response = [&](std::size_t b, std::size_t other, float sign, float* effect) {
    const float* const x = passes_.state(b);
    const float* const r = passes_.residual(b);
    const float* const g = passes_.gradient(b + 1);
    const float* const shift = passes_.residual(other);
    for (std::size_t i = 0; i < size; ++i) shifted_[i] = x[i] + sign * shift[i];
    layers[b].kernel->residual(layers[b].weights, shifted_.data(), response_.data(), hidden_.data());
    for (std::size_t i = 0; i < size; i += kTileRows) {
      for (std::size_t row = 0; row < kTileRows; ++row) effect[row] += g[i + row] * (response_[i + row] - r[i + row]);
    }
  };
  for (std::size_t a = 0; a < blocks; ++a) {
    for (std::size_t b = a + 1; b < std::min(blocks, a + near + 1); ++b) {
      float* const effect = effects + (a * blocks + b) * kTileRows;
      float* const opposite = effects + (b * blocks + a) * kTileRows;
      std::fill_n(effect, kTileRows, 0.0F);
      add_response(a, b, 1, effect);
      add_response(b, a, -1, effect);
      for (std::size_t row = 0; row < kTileRows; ++row) opposite[row] = -effect[row];
    }
  }
}

double FirstOrderModel::sum_of_squares() {
  mpi::ExactSums sums(1);
  for (const Tile& tile : own_) {
    double sum = 0;
    for (std::size_t i = 0; i < channels_ * kTileRows; ++i) {
      const double error = errors_[tile.errors + i];
      sum += error * error;
    }
    sums.add(0, sum);
  }
  const ScopedSeconds timing(evaluator_->clock().collectives);
  sums.reduce(evaluator_->island());
  const auto count = static_cast<double>(evaluator_->rows().rows_in(tiles_) * evaluator_->weights().roles().outputs);
  return scale_ * sums.value(0) / count;
}

std::span<const double> FirstOrderModel::screen(std::size_t reach) {
  const std::size_t blocks = order_.size();
  const std::size_t band = 2 * reach + 1;
  // Tiles' sums are cut to integers in units that all ranks know, and added as integers. A tile that alone says
  // "thousands of times the present error" may say so less exactly: its share is clamped.
  const auto count = static_cast<double>(evaluator_->rows().rows_in(tiles_) * evaluator_->weights().roles().outputs);
  const double scale = std::max<double>(base_error_ / scale_, std::numeric_limits<float>::min()) * count;
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
      for (std::size_t c = 0; c < channels_; ++c) {
        const float* const effects = effects_.data() + tile.effects + c * blocks * blocks * kTileRows;
        const float* const errors = errors_.data() + tile.errors + c * kTileRows;
        for (std::size_t from = 0; from < blocks; ++from) {
          const std::size_t first = from > reach ? from - reach : 0;
          const std::size_t last = std::min(blocks - 1, from + reach);
          kernels::insertion_changes(order_, from, first, last, effects, errors,
                                     &sums[from * band + first + reach - from]);
        }
      }
      for (std::size_t i = 0; i < sums.size(); ++i) {
        // What is not a number comes from effects that overflow: such a move is none to make.
        const double units = std::isnan(sums[i]) ? limit : std::clamp(sums[i] / unit, -limit, limit);
        units_[i] += static_cast<std::int64_t>(units);
      }
    }
  }
  {
    const ScopedSeconds timing(evaluator_->clock().collectives);
    evaluator_->island().sum(units_);
  }
  const double to_mse = scale_ * unit / count;
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
  for (const Insertion& move : moves) {
    for (const Tile& tile : own_) {
      for (std::size_t c = 0; c < channels_; ++c) {
        kernels::apply_insertion(order_, static_cast<std::size_t>(move.from), static_cast<std::size_t>(move.to),
                                 effects_.data() + tile.effects + c * blocks * blocks * kTileRows,
                                 errors_.data() + tile.errors + c * kTileRows);
      }
    }
    insert_in(order_, move.from, move.to);
    insert_in(blocks_, move.from, move.to);
  }
  predicted_error_ = sum_of_squares();
}

}  // namespace kintsugi
