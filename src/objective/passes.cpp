#include "objective/passes.hpp"

#include <algorithm>
#include <cmath>

#include "core/random.hpp"

namespace kintsugi {

using kernels::kTileRows;

std::vector<Layer> layers_of(const Evaluator& evaluator, const Blocks& blocks) {
  std::vector<Layer> layers;
  layers.reserve(blocks.size());
  for (const Block& block : blocks) layers.push_back({&evaluator.kernel(block), evaluator.weights().block(block)});
  return layers;
}

std::size_t hidden_tile(std::span<const Layer> layers) {
  std::size_t widest = 0;
  for (const Layer& layer : layers) widest = std::max(widest, layer.kernel->hidden());
  return widest * kTileRows;
}

void add_products(const float* a, const float* b, std::size_t size, float* sums) {
  for (std::size_t i = 0; i < size; i += kTileRows) {
    for (std::size_t row = 0; row < kTileRows; ++row) sums[row] += a[i + row] * b[i + row];
  }
}

Passes::Passes(const Evaluator& evaluator)
    : evaluator_(&evaluator),
      channels_(std::min(evaluator.weights().roles().outputs, kChannels)),
      size_(evaluator.weights().roles().width * kTileRows) {
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

double Passes::forward(const RowTile& rows, std::span<const Layer> layers, float* errors) {
  slope_at_.assign(layers.size() + 1, 0);
  for (std::size_t b = 0; b < layers.size(); ++b) {
    slope_at_[b + 1] = slope_at_[b] + layers[b].kernel->hidden() * kTileRows;
  }
  hidden_.resize(hidden_tile(layers));
  slopes_.resize(slope_at_.back());
  residuals_.resize(layers.size() * size_);
  states_.resize((layers.size() + 1) * size_);
  std::copy_n(rows.inputs, size_, states_.begin());
  for (std::size_t b = 0; b < layers.size(); ++b) {
    const float* const x = states_.data() + b * size_;
    float* const next = states_.data() + (b + 1) * size_;
    float* const r = residuals_.data() + b * size_;
    layers[b].kernel->residual_and_slope(layers[b].weights, x, r, hidden_.data(), slopes_.data() + slope_at_[b]);
    for (std::size_t i = 0; i < size_; ++i) next[i] = x[i] + r[i];
  }
  return sketch_errors(rows, states_.data() + layers.size() * size_, errors);
}

double Passes::sketch_errors(const RowTile& rows, const float* state, float* errors) {
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

void Passes::backward(const RowTile& rows, std::span<const Layer> layers, std::size_t channel) {
  const std::size_t width = evaluator_->weights().roles().width;
  pulled_.resize(layers.size() * size_);
  gradients_.resize((layers.size() + 1) * size_);
  // Rows that only fill the tile up get a zero gradient and so no effects.
  float* const last = gradients_.data() + layers.size() * size_;
  for (std::size_t f = 0; f < width; ++f) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      last[f * kTileRows + row] = row < rows.rows ? heads_[channel * width + f] : 0;
    }
  }
  for (std::size_t b = layers.size(); b-- > 0;) {
    const float* const g = gradients_.data() + (b + 1) * size_;
    float* const before = gradients_.data() + b * size_;
    float* const u = pulled_.data() + b * size_;
    layers[b].kernel->pull_back(layers[b].weights, slopes_.data() + slope_at_[b], g, u, hidden_.data());
    for (std::size_t i = 0; i < size_; ++i) before[i] = g[i] + u[i];
  }
}

}  // namespace kintsugi
