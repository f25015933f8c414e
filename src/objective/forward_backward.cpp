#include "objective/forward_backward.hpp"

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
  for (const Layer& layer : layers) widest = std::max(widest, layer.kernel->inner());
  return widest * kTileRows;
}

void add_products(const float* a, const float* b, std::size_t size, float* sums) {
  for (std::size_t i = 0; i < size; i += kTileRows) {
    for (std::size_t row = 0; row < kTileRows; ++row) sums[row] += a[i + row] * b[i + row];
  }
}

ForwardBackward::ForwardBackward(const Evaluator& evaluator)
    : evaluator_(&evaluator),
      sketch_(make_sketch(evaluator.weights())),
      size_(evaluator.weights().roles().width * kTileRows) {}

ForwardBackward::Sketch ForwardBackward::make_sketch(const SharedWeights& weights) {
  const Roles& roles = weights.roles();
  Sketch sketch;
  sketch.channels = std::min(roles.outputs, kMostChannels);
  sketch.factors.assign(sketch.channels * roles.outputs, 0.0F);
  if (sketch.channels == roles.outputs) {
    for (std::size_t c = 0; c < sketch.channels; ++c) sketch.factors[c * roles.outputs + c] = 1;
  } else {
    Random random(sketch.channels);
    const auto size = static_cast<float>(1 / std::sqrt(static_cast<double>(sketch.channels)));
    for (float& factor : sketch.factors) factor = random.below(2) == 0 ? size : -size;
  }
  sketch.heads.assign(sketch.channels * roles.width, 0.0F);
  for (std::size_t c = 0; c < sketch.channels; ++c) {
    for (std::size_t q = 0; q < roles.outputs; ++q) {
      for (std::size_t f = 0; f < roles.width; ++f) {
        sketch.heads[c * roles.width + f] +=
            sketch.factors[c * roles.outputs + q] * weights.head_weight()[q * roles.width + f];
      }
    }
  }
  return sketch;
}

double ForwardBackward::forward(const RowTile& rows, std::span<const Layer> layers, float* errors) {
  slope_at_.assign(layers.size() + 1, 0);
  for (std::size_t b = 0; b < layers.size(); ++b) {
    slope_at_[b + 1] = slope_at_[b] + layers[b].kernel->slope_size();
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
  return final_errors(rows, states_.data() + layers.size() * size_, errors);
}

double ForwardBackward::final_errors(const RowTile& rows, const float* state, float* errors) {
  const std::size_t outputs = evaluator_->weights().roles().outputs;
  outputs_.resize(outputs * kTileRows);
  evaluator_->tile_errors(rows, state, outputs_.data());
  double squares = 0;
  for (const float error : outputs_) squares += static_cast<double>(error) * error;
  std::fill_n(errors, sketch_.channels * kTileRows, 0.0F);
  for (std::size_t c = 0; c < sketch_.channels; ++c) {
    for (std::size_t q = 0; q < outputs; ++q) {
      const float factor = sketch_.factors[c * outputs + q];
      for (std::size_t row = 0; row < kTileRows; ++row) {
        errors[c * kTileRows + row] += factor * outputs_[q * kTileRows + row];
      }
    }
  }
  return squares;
}

void ForwardBackward::scale_last(const RowTile& rows, std::size_t channel, float* last) const {
  const SharedWeights& weights = evaluator_->weights();
  const std::size_t outputs = weights.roles().outputs;
  std::fill_n(last, size_, 0.0F);
  for (std::size_t q = 0; q < outputs; ++q) {
    const float factor = sketch_.factors[channel * outputs + q];
    if (factor == 0) continue;
    const float* const head = weights.head_weight() + q * weights.roles().width;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t row = i % kTileRows;
      if (row < rows.rows) last[i] += factor * rows.scales[q * kTileRows + row] * head[i / kTileRows];
    }
  }
}

void ForwardBackward::final_gradient(const RowTile& rows, const float* state, std::size_t channel, float* gradient) {
  const std::size_t width = evaluator_->weights().roles().width;
  // Rows that only fill the tile up get a zero gradient and so no effects.
  for (std::size_t f = 0; f < width; ++f) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      gradient[f * kTileRows + row] = row < rows.rows ? sketch_.heads[channel * width + f] : 0;
    }
  }
  if (rows.scales != nullptr) scale_last(rows, channel, gradient);
  if (const BlockForm form = evaluator_->weights().form().before_head(); form.norm != Norm::none) {
    normed_.resize(size_ + kTileRows);
    kernels::normalise_tile(form, width, state, normed_.data());
    kernels::pull_through_norm(form, width, normed_.data(), gradient);
  }
}

void ForwardBackward::backward(const RowTile& rows, std::span<const Layer> layers, std::size_t channel) {
  pulled_back_.resize(layers.size() * size_);
  gradients_.resize((layers.size() + 1) * size_);
  final_gradient(rows, state(layers.size()), channel, gradients_.data() + layers.size() * size_);
  for (std::size_t b = layers.size(); b-- > 0;) {
    const float* const g = gradients_.data() + (b + 1) * size_;
    float* const before = gradients_.data() + b * size_;
    float* const u = pulled_back_.data() + b * size_;
    layers[b].kernel->pull_back(layers[b].weights, slopes_.data() + slope_at_[b], g, u, hidden_.data());
    for (std::size_t i = 0; i < size_; ++i) before[i] = g[i] + u[i];
  }
}

}  // namespace kintsugi
