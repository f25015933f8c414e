#include "kintsugi/objective/first_order_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kintsugi/core/random.hpp"
#include "kintsugi/kernels/screen.hpp"

namespace kintsugi {

using kernels::kTileRows;

FirstOrderModel::FirstOrderModel(Evaluator& evaluator)
    : evaluator_(&evaluator), channels_(std::min(evaluator.weights().roles().outputs, kChannels)) {
  const Roles& roles = evaluator.weights().roles();
  sketch_.assign(channels_ * roles.outputs, 0.0F);
  if (channels_ == roles.outputs) {
    for (std::size_t c = 0; c < channels_; ++c) sketch_[c * roles.outputs + c] = 1;
  } else {
    Random random(channels_);
    const auto size = static_cast<float>(1 / std::sqrt(static_cast<double>(channels_)));
    for (float& entry : sketch_) entry = random.below(2) == 0 ? size : -size;
  }
  heads_.assign(channels_ * roles.width, 0.0F);
  for (std::size_t c = 0; c < channels_; ++c) {
    for (std::size_t q = 0; q < roles.outputs; ++q) {
      for (std::size_t f = 0; f < roles.width; ++f) {
        heads_[c * roles.width + f] +=
            sketch_[c * roles.outputs + q] * evaluator.weights().head_weight()[q * roles.width + f];
      }
    }
  }
}

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
    for (const Tile& tile : own_) {
      squares.add(0, forward(*tile.rows, blocks, base_errors_.data() + tile.errors));
      for (std::size_t c = 0; c < channels_; ++c) {
        float* const effects = effects_.data() + tile.effects + c * one_channel;
        backward(*tile.rows, blocks, c);
        kernels::pair_effects(blocks.size(), evaluator_->weights().roles().width, residuals_.data(), pulled_.data(),
                              effects, scratch_);
        if (near > 0) refine(blocks, near, effects);
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

double FirstOrderModel::forward(const RowTile& rows, const Blocks& blocks, float* errors) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t size = weights.roles().width * kTileRows;
  std::size_t widest = 0;
  slope_at_.assign(blocks.size() + 1, 0);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::size_t hidden = weights.hidden(blocks[b].expand);
    widest = std::max(widest, hidden);
    slope_at_[b + 1] = slope_at_[b] + hidden * kTileRows;
  }
  hidden_.resize(widest * kTileRows);
  slopes_.resize(slope_at_.back());
  residuals_.resize(blocks.size() * size);
  states_.resize((blocks.size() + 1) * size);
  std::copy_n(rows.inputs, size, states_.begin());
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const float* const x = states_.data() + b * size;
    float* const next = states_.data() + (b + 1) * size;
    float* const r = residuals_.data() + b * size;
    evaluator_->kernel(blocks[b]).residual_and_slope(weights.block(blocks[b]), x, r, hidden_.data(),
                                                     slopes_.data() + slope_at_[b]);
    for (std::size_t i = 0; i < size; ++i) next[i] = x[i] + r[i];
  }
  return sketch_errors(rows, states_.data() + blocks.size() * size, errors);
}

// Sum of the squared errors of all outputs; the channels' errors, [channels][kTileRows].
double FirstOrderModel::sketch_errors(const RowTile& rows, const float* state, float* errors) {
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  outputs_.resize(outputs * kTileRows);
  evaluator_->tile_errors(rows, state, outputs_.data());
  double squares = 0;
  for (const float error : outputs_) squares += static_cast<double>(error) * error;
  std::fill_n(errors, channels_ * kTileRows, 0.0F);
  for (std::size_t c = 0; c < channels_; ++c) {
    for (std::size_t q = 0; q < outputs; ++q) {
      const float factor = sketch_[c * outputs + q];
      for (std::size_t row = 0; row < kTileRows; ++row) {
        errors[c * kTileRows + row] += factor * outputs_[q * kTileRows + row];
      }
    }
  }
  return squares;
}

void FirstOrderModel::backward(const RowTile& rows, const Blocks& blocks, std::size_t channel) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t width = weights.roles().width;
  const std::size_t size = width * kTileRows;
  pulled_.resize(blocks.size() * size);
  gradients_.resize((blocks.size() + 1) * size);
  // Rows that only fill the tile up get a zero gradient and so no effects.
  float* const last = gradients_.data() + blocks.size() * size;
  for (std::size_t f = 0; f < width; ++f) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      last[f * kTileRows + row] = row < rows.rows ? heads_[channel * width + f] : 0;
    }
  }
  for (std::size_t b = blocks.size(); b-- > 0;) {
    const float* const g = gradients_.data() + (b + 1) * size;
    float* const before = gradients_.data() + b * size;
    float* const u = pulled_.data() + b * size;
    evaluator_->kernel(blocks[b]).pull_back(weights.block(blocks[b]), slopes_.data() + slope_at_[b], g, u,
                                            hidden_.data());
    for (std::size_t i = 0; i < size; ++i) before[i] = g[i] + u[i];
  }
}

void FirstOrderModel::refine(const Blocks& blocks, std::size_t near, float* effects) {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t width = weights.roles().width;
  const std::size_t size = width * kTileRows;
  shifted_.resize(size);
  response_.resize(size);
  // Adds g . (f_b(x_b + sign * r_other) - r_b) to the rows of `effect`.
  const auto add_response = [&](std::size_t b, std::size_t other, float sign, float* effect) {
    const float* const x = states_.data() + b * size;
    const float* const r = residuals_.data() + b * size;
    const float* const g = gradients_.data() + (b + 1) * size;
    const float* const shift = residuals_.data() + other * size;
    for (std::size_t i = 0; i < size; ++i) shifted_[i] = x[i] + sign * shift[i];
    evaluator_->kernel(blocks[b]).residual(weights.block(blocks[b]), shifted_.data(), response_.data(), hidden_.data());
    for (std::size_t f = 0; f < width; ++f) {
      for (std::size_t row = 0; row < kTileRows; ++row) {
        const std::size_t i = f * kTileRows + row;
        effect[row] += g[i] * (response_[i] - r[i]);
      }
    }
  };
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < std::min(blocks.size(), a + near + 1); ++b) {
      float* const effect = effects + (a * blocks.size() + b) * kTileRows;
      float* const opposite = effects + (b * blocks.size() + a) * kTileRows;
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
