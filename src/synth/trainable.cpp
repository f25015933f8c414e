#include "synth/trainable.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "kintsugi/core/error.hpp"
#include "synth/streams.hpp"

namespace kintsugi {

namespace {

using kernels::kTileRows;
using RowMajorF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Feature = Eigen::Map<const Eigen::Array<float, static_cast<int>(kTileRows), 1>>;

constexpr std::size_t kTilesPerGroup = TrainableNetwork::kGroupRows / kTileRows;

}  // namespace

TrainableNetwork::TrainableNetwork(NetworkShape shape) : shape_(std::move(shape)) {
  const std::size_t d = shape_.width;
  std::size_t widest = std::max(d, shape_.outputs);
  for (const std::size_t h : shape_.hidden) {
    const Layer expand = add_layer(h, d);
    const Layer compress = add_layer(d, h);
    plans_.push_back({expand, compress, kernels::BlockKernel(d, h, shape_.activation), kernels::WeightGradient(h, d),
                      kernels::WeightGradient(d, h), points_per_tile_});
    points_per_tile_ += (d + 2 * h) * kTileRows;
    widest = std::max(widest, h);
  }
  head_ = {add_layer(shape_.outputs, d), kernels::Gemm(shape_.outputs, d, false),
           kernels::Gemm(d, shape_.outputs, false), kernels::WeightGradient(shape_.outputs, d)};
  gradient_.assign(parameters_.size(), 0.0F);
  scratch_.assign(3 * widest * kTileRows, 0.0F);
}

TrainableNetwork::Layer TrainableNetwork::add_layer(std::size_t out, std::size_t in) {
  Layer layer{out, in, parameters_.size(), 0, transposed_.size()};
  layer.bias = layer.weight + kernels::padded_floats(out * in);
  parameters_.resize(layer.bias + kernels::padded_floats(out), 0.0F);
  transposed_.resize(layer.transposed + kernels::padded_floats(out * in), 0.0F);
  return layer;
}

void TrainableNetwork::initialise(std::uint64_t seed, double compress_scale) {
  std::uint64_t number = 0;
  const auto draw = [&](const Layer& layer, double scale = 1) {
    Random random = synth_random(seed, SynthStream::initial, number++);
    const double bound = scale / std::sqrt(static_cast<double>(layer.in));
    const auto fill = [&](std::size_t first, std::size_t count) {
      for (std::size_t i = first; i < first + count; ++i) {
        parameters_[i] = static_cast<float>(bound * (2 * random.uniform() - 1));
      }
    };
    fill(layer.weight, layer.out * layer.in);
    if (shape_.biases) fill(layer.bias, layer.out);
  };
  for (const BlockPlan& plan : plans_) {
    draw(plan.expand);
    draw(plan.compress, compress_scale);
  }
  draw(head_.layer);
  refresh();
}

void TrainableNetwork::refresh() {
  const auto transpose = [&](const Layer& layer) {
    const auto out = static_cast<Eigen::Index>(layer.out);
    const auto in = static_cast<Eigen::Index>(layer.in);
    Eigen::Map<RowMajorF>(&transposed_[layer.transposed], in, out) =
        Eigen::Map<const RowMajorF>(&parameters_[layer.weight], out, in).transpose();
  };
  for (const BlockPlan& plan : plans_) {
    transpose(plan.expand);
    transpose(plan.compress);
  }
  transpose(head_.layer);
}

kernels::BlockWeights TrainableNetwork::weights(const BlockPlan& block) const {
  return {&parameters_[block.expand.weight],       &transposed_[block.expand.transposed],
          &parameters_[block.expand.bias],         &parameters_[block.compress.weight],
          &transposed_[block.compress.transposed], &parameters_[block.compress.bias]};
}

void TrainableNetwork::add_gradient(std::span<const float> inputs, std::span<const float> targets, float scale,
                                    GradientSums& sums) {
  const std::size_t rows = inputs.size() / shape_.width;
  if (inputs.size() != rows * shape_.width || targets.size() != rows * shape_.outputs ||
      sums.size() != parameters_.size() + 1) {
    throw InternalError("TrainableNetwork::add_gradient: spans that do not match the network's shape");
  }
  if (rows == 0) return;
  load(inputs);
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  forward(tiles);
  differentiate_head(targets, rows, scale, sums);
  for (std::size_t t = plans_.size(); t-- > 0;) differentiate_block(plans_[t], tiles, sums);
}

void TrainableNetwork::load(std::span<const float> inputs) {
  const std::size_t d = shape_.width;
  const std::size_t rows = inputs.size() / d;
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  states_.resize(std::max(states_.size(), tiles * d * kTileRows));
  points_.resize(std::max(points_.size(), tiles * points_per_tile_));
  for (std::size_t row = 0; row < tiles * kTileRows; ++row) {
    float* const first = &states_[row / kTileRows * d * kTileRows + row % kTileRows];
    for (std::size_t i = 0; i < d; ++i) first[i * kTileRows] = row < rows ? inputs[row * d + i] : 0.0F;
  }
}

void TrainableNetwork::forward(std::size_t tiles) {
  const std::size_t state_size = shape_.width * kTileRows;
  for (const BlockPlan& block : plans_) {
    const kernels::BlockWeights w = weights(block);
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      float* const state = &states_[tile * state_size];
      float* const x = point(tile, block);
      float* const hidden = x + state_size;
      std::copy_n(state, state_size, x);
      float* const residual = scratch_.data();
      block.kernel.residual_and_slope(w, x, residual, hidden, hidden + block.expand.out * kTileRows);
      for (std::size_t i = 0; i < state_size; ++i) state[i] += residual[i];
    }
  }
}

// The gradient of `layer` from one tile into gradient_; `input` is the layer's input, `adjoint` that of its output.
void TrainableNetwork::layer_gradient(const Layer& layer, const kernels::WeightGradient& product, const float* adjoint,
                                      const float* input, bool accumulate) {
  float* const transposed = scratch_.data() + 2 * scratch_.size() / 3;
  kernels::transpose_tile(layer.in, input, transposed);
  product(adjoint, transposed, &gradient_[layer.weight], accumulate);
  if (!shape_.biases) return;
  for (std::size_t o = 0; o < layer.out; ++o) {
    const float sum = Feature(adjoint + o * kTileRows).sum();
    gradient_[layer.bias + o] = accumulate ? gradient_[layer.bias + o] + sum : sum;
  }
}

void TrainableNetwork::differentiate_head(std::span<const float> targets, std::size_t rows, float scale,
                                          GradientSums& sums) {
  const Layer& head = head_.layer;
  const std::size_t k = shape_.outputs;
  const std::size_t state_size = shape_.width * kTileRows;
  float* const adjoint = scratch_.data();
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  float loss = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    float* const state = &states_[tile * state_size];
    if (tile % kTilesPerGroup == 0) loss = 0;
    head_.forward(state, &parameters_[head.weight], adjoint);
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t i = 0; i < kTileRows; ++i) {
        float& value = adjoint[j * kTileRows + i];
        const std::size_t row = tile * kTileRows + i;
        const float error = row < rows ? value + parameters_[head.bias + j] - targets[row * k + j] : 0.0F;
        loss += scale * error * error;
        value = 2 * scale * error;
      }
    }
    layer_gradient(head, head_.gradient, adjoint, state, tile % kTilesPerGroup != 0);
    if (tile % kTilesPerGroup == kTilesPerGroup - 1 || tile + 1 == tiles) {
      sums.add(head.weight, std::span(gradient_).subspan(head.weight));
      sums.add(parameters_.size(), std::span(&loss, 1));
    }
    head_.back(adjoint, &transposed_[head.transposed], state);
  }
}

void TrainableNetwork::differentiate_block(const BlockPlan& block, std::size_t tiles, GradientSums& sums) {
  const std::size_t state_size = shape_.width * kTileRows;
  const kernels::BlockWeights w = weights(block);
  const std::size_t begin = block.expand.weight;
  const std::size_t end = block.compress.bias + kernels::padded_floats(block.compress.out);
  float* const pulled = scratch_.data();
  float* const inner = scratch_.data() + scratch_.size() / 3;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    const bool accumulate = tile % kTilesPerGroup != 0;
    float* const adjoint = &states_[tile * state_size];
    const float* const x = point(tile, block);
    const float* const hidden = x + state_size;
    layer_gradient(block.compress, block.compress_gradient, adjoint, hidden, accumulate);
    block.kernel.pull_back(w, hidden + block.expand.out * kTileRows, adjoint, pulled, inner);
    layer_gradient(block.expand, block.expand_gradient, inner, x, accumulate);
    for (std::size_t i = 0; i < state_size; ++i) adjoint[i] += pulled[i];
    if (tile % kTilesPerGroup == kTilesPerGroup - 1 || tile + 1 == tiles) {
      sums.add(begin, std::span(gradient_).subspan(begin, end - begin));
    }
  }
}

Piece TrainableNetwork::piece(const Layer& layer) const {
  Piece piece;
  piece.out = layer.out;
  piece.in = layer.in;
  const auto part = [&](std::size_t first, std::size_t count) {
    const auto from = parameters_.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector<float>(from, from + static_cast<std::ptrdiff_t>(count));
  };
  piece.weight = part(layer.weight, layer.out * layer.in);
  if (shape_.biases) piece.bias = part(layer.bias, layer.out);
  return piece;
}

std::vector<ResidualBlock> TrainableNetwork::blocks() const {
  std::vector<ResidualBlock> result;
  for (const BlockPlan& plan : plans_) result.push_back({piece(plan.expand), piece(plan.compress)});
  return result;
}

Piece TrainableNetwork::head() const { return piece(head_.layer); }

}  // namespace kintsugi
