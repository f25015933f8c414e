#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/aligned.hpp"
#include "kernels/block.hpp"
#include "objective/evaluator.hpp"

namespace kintsugi {

/// One residual block as a pass goes through it: its arithmetic, and where its weights lie.
struct Layer {
  const kernels::BlockKernel* kernel = nullptr;
  kernels::BlockWeights weights;
};

/// The blocks of an order as layers. Not collective.
[[nodiscard]] std::vector<Layer> layers_of(const Evaluator& evaluator, const Blocks& blocks);

/// Numbers of the largest tile that a layer works in.
[[nodiscard]] std::size_t hidden_tile(std::span<const Layer> layers);

/// Adds to the rows' `sums` their scalar products of two tiles of `size` numbers, [features][kTileRows].
void add_products(const float* a, const float* b, std::size_t size, float* sums);

/// Forward and adjoint passes of one tile of rows through a network. All states, residuals and gradients on the way are
/// kept until the next pass: about 4 L d + sum(h) numbers for each of the tile's rows, with L layers of width d and
/// hidden sizes h. Not collective.
///
/// Errors and gradients are those of "channels": of the outputs themselves, or, where there are more than
/// kMostChannels, of as many random combinations of them (a Rademacher sketch, which keeps sums of squares in the mean:
/// Achlioptas, J. Comput. Syst. Sci. 66, 2003).
class ForwardBackward {
 public:
  /// Time and memory of all that is made of the passes grow with the channels, its noise falls with their root. Fixed
  /// here, as cost models build on it.
  static constexpr std::size_t kMostChannels = 16;

  explicit ForwardBackward(const Evaluator& evaluator);

  /// The outputs, or the combinations of them.
  [[nodiscard]] std::size_t channels() const noexcept { return sketch_.channels; }
  /// d x kTileRows: the numbers of a state.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// One evaluation of each layer. Returns the sum of squared errors of the rows' outputs (not of the channels);
  /// `errors` become the channels', [channels][kTileRows].
  double forward(const RowTile& rows, std::span<const Layer> layers, float* errors);
  /// Gradients of one channel's predictions, with the layers of the last forward pass; as dear as that one.
  void backward(const RowTile& rows, std::span<const Layer> layers, std::size_t channel);

  /// What forward() ends with, for final states that came about in another way.
  double final_errors(const RowTile& rows, const float* state, float* errors);
  /// What backward() begins with: the gradient of one channel's predictions in the final states, [d][kTileRows]; zero
  /// in rows that are not real.
  void final_gradient(const RowTile& rows, const float* state, std::size_t channel, float* gradient);

  /// In front of layer `b`, or behind the last one: a tile of d features.
  [[nodiscard]] const float* state(std::size_t b) const { return states_.data() + b * size_; }
  /// The gradient there.
  [[nodiscard]] const float* gradient(std::size_t b) const { return gradients_.data() + b * size_; }
  /// All layers': [layers][d][kTileRows].
  [[nodiscard]] const kernels::TileBuffer& residuals() const noexcept { return residuals_; }
  [[nodiscard]] const float* residual(std::size_t b) const { return residuals_.data() + b * size_; }
  /// The gradients behind the layers pulled back by the residuals' Jacobians, J^T g: [layers][d][kTileRows].
  [[nodiscard]] const kernels::TileBuffer& pulled_back() const noexcept { return pulled_back_; }

 private:
  /// The channels as combinations of the outputs.
  struct Sketch {
    std::size_t channels = 0;
    std::vector<float> factors;  // [channels][k]
    std::vector<float> heads;    // [channels][d]: the same combinations of the head's rows
  };
  [[nodiscard]] static Sketch make_sketch(const SharedWeights& weights);
  /// The gradients of scaled predictions by the last state.
  void scale_last(const RowTile& rows, std::size_t channel, float* last) const;

  const Evaluator* evaluator_;
  Sketch sketch_;
  std::size_t size_;
  kernels::TileBuffer states_, residuals_, gradients_, pulled_back_;
  kernels::TileBuffer slopes_;  // of each layer
  std::vector<std::size_t> slope_at_;
  kernels::TileBuffer hidden_, outputs_, normed_;
};

}  // namespace kintsugi
