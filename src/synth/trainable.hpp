#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/block.hpp"
#include "kernels/weight_gradient.hpp"
#include "kintsugi/core/activation.hpp"
#include "synth/gradient_sums.hpp"
#include "synth/problem.hpp"

namespace kintsugi {

/// Sizes of a residual network in depth order.
struct NetworkShape {
  std::size_t width = 0;            ///< d
  std::vector<std::size_t> hidden;  ///< of each block; as many as there are blocks
  std::size_t outputs = 1;          ///< k
  Activation activation = Activation::relu;
  bool biases = true;
  GrammarOptions grammar = {};
  std::vector<std::size_t> originals = {};  ///< of each block, the one that it is tied to; empty: each is its own
};

/// A residual network whose weights lie in one flat array and whose gradient is computed with the tile kernels, in
/// float32.
class TrainableNetwork {
 public:
  /// Rows are worked in groups of this many, of which each adds one float32 gradient to the sums.
  static constexpr std::size_t kGroupRows = 2 * kernels::kTileRows;

  explicit TrainableNetwork(NetworkShape shape);

  [[nodiscard]] const NetworkShape& shape() const noexcept { return shape_; }

  /// Weights and biases uniform in +-1 / sqrt(fan-in), as torch.nn.Linear has them at first (kaiming_uniform with a =
  /// sqrt(5)); gains and scales 1, norms' biases 0. Tied blocks are equal.
  void initialise(std::uint64_t seed, double compress_scale = 1);

  /// All weights and biases, and zeros between them that keep each on a 64-byte boundary: per block W_in [h x d], b_in
  /// [h], W_out [d x h], b_out [d], then the head's [k x d] and [k], and the gain [d] and bias [d] of a norm before it.
  /// A gate's rows stand before those of W_in and b_in; a block's gain [d], norm's bias [d] and scale [d], those that
  /// it has, follow b_out. Call refresh() after writing.
  [[nodiscard]] std::span<float> parameters() noexcept { return parameters_; }
  [[nodiscard]] std::span<const float> parameters() const noexcept { return parameters_; }
  void refresh();

  /// Adds the gradient of scale * sum over rows and outputs of (prediction - target)^2 to sums [0, parameters), and
  /// that loss itself to the sum behind them. It is the gradient with respect to the folded weights, which
  /// unfold_gradient() makes one with respect to parameters(). Rows are row-major, `inputs` [n x d], `targets` [n x k];
  /// only the last group of a step may be partial.
  void add_gradient(std::span<const float> inputs, std::span<const float> targets, float scale, GradientSums& sums);

  /// By the chain rule, in place; `gradient` as the sums of add_gradient() are. Nothing to do without gains and scales.
  void unfold_gradient(std::span<float> gradient) const;

  /// Gives blocks that are tied the sum of their gradients, in place: so they stay equal. After unfold_gradient().
  void tie_gradient(std::span<float> gradient) const;

  /// The pieces in depth order; biases are left out where the shape has none.
  [[nodiscard]] std::vector<ResidualBlock> blocks() const;
  [[nodiscard]] Piece head() const;
  [[nodiscard]] std::optional<Piece> head_norm() const;

 private:
  struct Layer {
    std::size_t out = 0;
    std::size_t in = 0;
    std::size_t weight = 0;  // offsets into parameters_
    std::size_t bias = 0;
    std::size_t transposed = 0;  // offset into transposed_
  };
  struct BlockPlan {
    Layer expand;
    Layer compress;
    kernels::BlockKernel kernel;
    kernels::WeightGradient expand_gradient;
    kernels::WeightGradient compress_gradient;
    std::size_t point = 0;  // of this block within a tile's part of points_: x, act(..), slope
    Layer gain;             // [d x 1]: a norm's gain and bias; without, it has no rows
    Layer scale;            // [d x 1]
    bool normed = true;
  };

  struct HeadPlan {
    Layer layer;
    kernels::Gemm forward;
    kernels::Gemm back;
    kernels::WeightGradient gradient;
    Layer gain;
  };

  [[nodiscard]] Layer add_layer(std::size_t out, std::size_t in);
  [[nodiscard]] Layer add_part(bool there);
  [[nodiscard]] Piece piece(const Layer& layer) const;
  [[nodiscard]] ResidualBlock block(const BlockPlan& plan) const;
  [[nodiscard]] bool has_bias(Norm norm) const { return shape_.biases && rule_of(norm).shifted; }
  [[nodiscard]] bool norm_bias() const { return has_bias(shape_.grammar.form.norm); }
  [[nodiscard]] bool head_norm_bias() const { return has_bias(shape_.grammar.form.head_norm); }
  void fold_gain(const Layer& layer, const Layer& gain, bool bias);
  void unfold_gain(const Layer& layer, const Layer& gain, bool bias, std::span<float> gradient) const;
  void fold_block(const BlockPlan& block);
  [[nodiscard]] const kernels::TileBuffer& folded() const { return folded_.empty() ? parameters_ : folded_; }
  [[nodiscard]] kernels::BlockWeights weights(const BlockPlan& block) const;
  [[nodiscard]] float* point(std::size_t tile, const BlockPlan& block) {
    return &points_[tile * points_per_tile_ + block.point];
  }
  /// A block's part of an array that is laid out like parameters().
  [[nodiscard]] std::span<float> part_of(std::size_t block, std::span<float> values) const;
  void load(std::span<const float> inputs);
  void forward(std::size_t tiles);
  void differentiate_head(std::span<const float> targets, std::size_t rows, float scale, GradientSums& sums);
  void differentiate_block(const BlockPlan& block, std::size_t tiles, GradientSums& sums);
  void layer_gradient(const Layer& layer, const kernels::WeightGradient& product, const float* adjoint,
                      const float* input, bool accumulate);

  NetworkShape shape_;
  std::vector<BlockPlan> plans_;
  HeadPlan head_;
  kernels::TileBuffer parameters_;
  kernels::TileBuffer folded_;  // laid out like parameters_, with gains and scales in the weights; empty without
  kernels::TileBuffer transposed_;
  std::size_t points_per_tile_ = 0;
  kernels::TileBuffer points_;    // per tile: for each block x, act(..), slope
  kernels::TileBuffer states_;    // per tile: the state, later its adjoint
  kernels::TileBuffer gradient_;  // of one group, laid out like parameters_
  kernels::TileBuffer scratch_;
  kernels::TileBuffer normed_;  // what the head is given of a tile, where a norm stands before it
};

}  // namespace kintsugi
