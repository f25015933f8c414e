#include "synth/trainable.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <functional>
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
  const GrammarOptions& grammar = shape_.grammar;
  bool folds = grammar.head_gain();
  for (std::size_t b = 0; b < shape_.hidden.size(); ++b) {
    const std::size_t h = shape_.hidden[b];
    const std::vector<PartKind> kinds = grammar.kinds(b);
    const auto has = [&](PartKind kind) { return std::ranges::find(kinds, kind) != kinds.end(); };
    BlockForm form = grammar.form;
    if (!grammar.normed(b)) form.norm = Norm::none;
    form.gated = has(PartKind::gate);
    folds = folds || has(PartKind::norm) || has(PartKind::scale);
    kernels::BlockKernel kernel(d, h, shape_.activation, form);
    const std::size_t inner = kernel.inner();
    const Layer expand = add_layer(inner, d);
    const Layer compress = add_layer(d, h);
    const Layer gains = add_part(has(PartKind::norm));
    const Layer scale = add_part(has(PartKind::scale));
    const std::size_t point = (d + inner) * kTileRows + kernel.slope_size();
    plans_.push_back({expand, compress, std::move(kernel), kernels::WeightGradient(inner, d),
                      kernels::WeightGradient(d, h), points_per_tile_, gains, scale, grammar.normed(b)});
    points_per_tile_ += point;
    widest = std::max(widest, inner);
  }
  head_ = {add_layer(shape_.outputs, d),
           kernels::Gemm(shape_.outputs, d, false),
           kernels::Gemm(d, shape_.outputs, false),
           kernels::WeightGradient(shape_.outputs, d),
           {}};
  head_.gain = add_part(grammar.head_gain());
  if (grammar.form.head_norm != Norm::none) normed_.resize((d + 1) * kTileRows);
  if (folds) folded_ = parameters_;
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

TrainableNetwork::Layer TrainableNetwork::add_part(bool there) {
  Layer layer;
  if (!there) return layer;
  layer = {shape_.width, 1, parameters_.size(), 0, 0};
  layer.bias = layer.weight + kernels::padded_floats(layer.out);
  parameters_.resize(layer.bias + kernels::padded_floats(layer.out), 0.0F);
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
  const auto begin_at_one = [&](const Layer& part) {
    std::fill_n(parameters_.begin() + static_cast<std::ptrdiff_t>(part.weight), part.out, 1.0F);
    std::fill_n(parameters_.begin() + static_cast<std::ptrdiff_t>(part.bias), part.out, 0.0F);
  };
  for (const BlockPlan& plan : plans_) {
    draw(plan.expand);
    draw(plan.compress, compress_scale);
    begin_at_one(plan.gain);
    begin_at_one(plan.scale);
  }
  draw(head_.layer);
  begin_at_one(head_.gain);
  for (std::size_t b = 0; b < shape_.originals.size(); ++b)
    std::ranges::copy(part_of(shape_.originals[b], parameters_), part_of(b, parameters_).begin());
  refresh();
}

std::span<float> TrainableNetwork::part_of(std::size_t block, std::span<float> values) const {
  const std::size_t first = plans_[block].expand.weight;
  const std::size_t end = block + 1 < plans_.size() ? plans_[block + 1].expand.weight : head_.layer.weight;
  return values.subspan(first, end - first);
}

void TrainableNetwork::tie_gradient(std::span<float> gradient) const {
  const auto each_copy = [&](const auto& act) {
    for (std::size_t b = 0; b < shape_.originals.size(); ++b)
      if (shape_.originals[b] != b) act(part_of(shape_.originals[b], gradient), part_of(b, gradient));
  };
  each_copy([](std::span<float> original, std::span<float> copy) {
    std::ranges::transform(original, copy, original.begin(), std::plus());
  });
  each_copy([](std::span<float> original, std::span<float> copy) { std::ranges::copy(original, copy.begin()); });
}

void TrainableNetwork::refresh() {
  const auto transpose = [&](const Layer& layer) {
    const auto out = static_cast<Eigen::Index>(layer.out);
    const auto in = static_cast<Eigen::Index>(layer.in);
    Eigen::Map<RowMajorF>(&transposed_[layer.transposed], in, out) =
        Eigen::Map<const RowMajorF>(&folded()[layer.weight], out, in).transpose();
  };
  if (!folded_.empty()) folded_ = parameters_;
  for (const BlockPlan& plan : plans_) {
    fold_block(plan);
    transpose(plan.expand);
    transpose(plan.compress);
  }
  if (head_.gain.out != 0) fold_gain(head_.layer, head_.gain, head_norm_bias());
  transpose(head_.layer);
}

// A norm's gain and bias into the layer behind it.
void TrainableNetwork::fold_gain(const Layer& layer, const Layer& gain, bool bias) {
  const auto in = static_cast<Eigen::Index>(layer.in);
  const auto out = static_cast<Eigen::Index>(layer.out);
  const auto vector = [&](std::size_t first) { return Eigen::Map<const Eigen::VectorXf>(&parameters_[first], in); };
  const Eigen::Map<const RowMajorF> raw(&parameters_[layer.weight], out, in);
  Eigen::Map<RowMajorF>(&folded_[layer.weight], out, in) = raw * vector(gain.weight).asDiagonal();
  if (bias) Eigen::Map<Eigen::VectorXf>(&folded_[layer.bias], out) += raw * vector(gain.bias);
}

void TrainableNetwork::fold_block(const BlockPlan& block) {
  const auto vector = [&](std::size_t first, Eigen::Index size) {
    return Eigen::Map<const Eigen::VectorXf>(&parameters_[first], size);
  };
  if (block.gain.out != 0) fold_gain(block.expand, block.gain, norm_bias());
  if (block.scale.out != 0) {
    const auto out = static_cast<Eigen::Index>(block.compress.out);
    const auto hidden = static_cast<Eigen::Index>(block.compress.in);
    const auto scale = vector(block.scale.weight, out);
    Eigen::Map<RowMajorF>(&folded_[block.compress.weight], out, hidden) =
        scale.asDiagonal() * Eigen::Map<const RowMajorF>(&parameters_[block.compress.weight], out, hidden);
    Eigen::Map<Eigen::VectorXf>(&folded_[block.compress.bias], out).array() *= scale.array();
  }
}

void TrainableNetwork::unfold_gain(const Layer& layer, const Layer& gain, bool bias, std::span<float> gradient) const {
  const auto in = static_cast<Eigen::Index>(layer.in);
  const auto out = static_cast<Eigen::Index>(layer.out);
  Eigen::Map<RowMajorF> weights(&gradient[layer.weight], out, in);
  const Eigen::Map<const RowMajorF> raw(&parameters_[layer.weight], out, in);
  const auto raw_vector = [&](std::size_t first) { return Eigen::Map<const Eigen::VectorXf>(&parameters_[first], in); };
  const Eigen::Map<const Eigen::VectorXf> biases(&gradient[layer.bias], out);
  Eigen::Map<Eigen::VectorXf>(&gradient[gain.weight], in) = weights.cwiseProduct(raw).colwise().sum().transpose();
  weights = weights * raw_vector(gain.weight).asDiagonal();
  if (!bias) return;
  Eigen::Map<Eigen::VectorXf>(&gradient[gain.bias], in) = raw.transpose() * biases;
  weights += biases * raw_vector(gain.bias).transpose();
}

void TrainableNetwork::unfold_gradient(std::span<float> gradient) const {
  const auto vector = [&](std::size_t first, std::size_t size) {
    return Eigen::Map<Eigen::VectorXf>(&gradient[first], static_cast<Eigen::Index>(size));
  };
  const auto matrix = [&](const Layer& layer) {
    return Eigen::Map<RowMajorF>(&gradient[layer.weight], static_cast<Eigen::Index>(layer.out),
                                 static_cast<Eigen::Index>(layer.in));
  };
  const auto raw_matrix = [&](const Layer& layer) {
    return Eigen::Map<const RowMajorF>(&parameters_[layer.weight], static_cast<Eigen::Index>(layer.out),
                                       static_cast<Eigen::Index>(layer.in));
  };
  const auto raw_vector = [&](std::size_t first, std::size_t size) {
    return Eigen::Map<const Eigen::VectorXf>(&parameters_[first], static_cast<Eigen::Index>(size));
  };
  for (const BlockPlan& block : plans_) {
    if (block.gain.out != 0) unfold_gain(block.expand, block.gain, norm_bias(), gradient);
    if (block.scale.out != 0) {
      auto weights = matrix(block.compress);
      auto biases = vector(block.compress.bias, block.compress.out);
      vector(block.scale.weight, block.scale.out) =
          weights.cwiseProduct(raw_matrix(block.compress)).rowwise().sum() +
          biases.cwiseProduct(raw_vector(block.compress.bias, block.compress.out));
      const auto scale = raw_vector(block.scale.weight, block.scale.out);
      weights = scale.asDiagonal() * weights;
      biases = biases.cwiseProduct(scale);
    }
  }
  if (head_.gain.out != 0) unfold_gain(head_.layer, head_.gain, head_norm_bias(), gradient);
}

kernels::BlockWeights TrainableNetwork::weights(const BlockPlan& block) const {
  const kernels::TileBuffer& values = folded();
  return {&values[block.expand.weight],   &transposed_[block.expand.transposed],   &values[block.expand.bias],
          &values[block.compress.weight], &transposed_[block.compress.transposed], &values[block.compress.bias]};
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
  const BlockForm before = shape_.grammar.form.before_head();
  float loss = 0;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    float* const state = &states_[tile * state_size];
    if (tile % kTilesPerGroup == 0) loss = 0;
    const float* in = state;
    if (before.norm != Norm::none) {
      kernels::normalise_tile(before, shape_.width, state, normed_.data());
      in = normed_.data();
    }
    head_.forward(in, &folded()[head.weight], adjoint);
    for (std::size_t j = 0; j < k; ++j) {
      for (std::size_t i = 0; i < kTileRows; ++i) {
        float& value = adjoint[j * kTileRows + i];
        const std::size_t row = tile * kTileRows + i;
        const float error = row < rows ? value + folded()[head.bias + j] - targets[row * k + j] : 0.0F;
        loss += scale * error * error;
        value = 2 * scale * error;
      }
    }
    layer_gradient(head, head_.gradient, adjoint, in, tile % kTilesPerGroup != 0);
    if (tile % kTilesPerGroup == kTilesPerGroup - 1 || tile + 1 == tiles) {
      sums.add(head.weight, std::span(gradient_).subspan(head.weight));
      sums.add(parameters_.size(), std::span(&loss, 1));
    }
    head_.back(adjoint, &transposed_[head.transposed], state);
    if (before.norm != Norm::none) kernels::pull_through_norm(before, shape_.width, normed_.data(), state);
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
    const float* const slope = hidden + block.expand.out * kTileRows;
    block.kernel.pull_back(w, slope, adjoint, pulled, inner);
    layer_gradient(block.expand, block.expand_gradient, inner, block.kernel.expanded_input(x, slope), accumulate);
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

// One piece with the last rows of `both` where `last`, or with the first.
namespace {
Piece half_of(const Piece& both, bool last) {
  Piece half;
  half.out = both.out / 2;
  half.in = both.in;
  const auto part = [&](const std::vector<float>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    return last ? std::vector<float>(middle, values.end()) : std::vector<float>(values.begin(), middle);
  };
  half.weight = part(both.weight);
  half.bias = part(both.bias);
  return half;
}
}  // namespace

ResidualBlock TrainableNetwork::block(const BlockPlan& plan) const {
  const Piece expand = piece(plan.expand);
  const bool gated = plan.expand.out != plan.compress.in;
  ResidualBlock result{gated ? half_of(expand, true) : expand, piece(plan.compress), {}, plan.normed};
  const auto add = [&](PartKind kind, const Layer& layer, bool bias) {
    if (layer.out == 0) return;
    Piece part = piece(layer);
    if (!bias) part.bias.clear();
    result.parts.emplace_back(kind, std::move(part));
  };
  add(PartKind::norm, plan.gain, norm_bias());
  if (gated) result.parts.emplace_back(PartKind::gate, half_of(expand, false));
  add(PartKind::scale, plan.scale, false);
  return result;
}

std::vector<ResidualBlock> TrainableNetwork::blocks() const {
  std::vector<ResidualBlock> result;
  result.reserve(plans_.size());
  for (const BlockPlan& plan : plans_) result.push_back(block(plan));
  return result;
}

Piece TrainableNetwork::head() const { return piece(head_.layer); }

std::optional<Piece> TrainableNetwork::head_norm() const {
  if (head_.gain.out == 0) return std::nullopt;
  Piece norm = piece(head_.gain);
  if (!head_norm_bias()) norm.bias.clear();
  return norm;
}

}  // namespace kintsugi
