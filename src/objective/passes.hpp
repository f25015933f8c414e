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

/// Numbers of a tile of the largest hidden size among the layers.
[[nodiscard]] std::size_t hidden_tile(std::span<const Layer> layers);

/// Adds to the rows' `sums` their scalar products of two tiles of `size` numbers, [features][kTileRows].
void add_products(const float* a, const float* b, std::size_t size, float* sums);

/// Forward and adjoint passes of one tile of rows through a network. All states, residuals and gradients on the way are
/// kept until the next pass. With more than kChannels outputs, errors and gradients are those of as many random
/// combinations of them (a Rademacher sketch, which keeps sums of squares in the mean). Not collective.
class Passes {
 public:
  static constexpr std::size_t kChannels = 16;

  explicit Passes(const Evaluator& evaluator);

  /// The outputs, or the combinations of them.
  [[nodiscard]] std::size_t channels() const noexcept { return channels_; }
  /// d x kTileRows: the numbers of a state.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Returns the sum of squared errors of the rows' outputs; `errors` become the channels', [channels][kTileRows].
  double forward(const RowTile& rows, std::span<const Layer> layers, float* errors);
  /// Gradients of one channel's predictions, with the layers of the last forward pass.
  void backward(const RowTile& rows, std::span<const Layer> layers, std::size_t channel);

  /// In front of layer `b`, or behind the last one: a tile of d features.
  [[nodiscard]] const float* state(std::size_t b) const { return states_.data() + b * size_; }
  /// The gradient at the same place.
  [[nodiscard]] const float* gradient(std::size_t b) const { return gradients_.data() + b * size_; }
  /// All layers': [layers][d][kTileRows].
  [[nodiscard]] const kernels::TileBuffer& residuals() const noexcept { return residuals_; }
  [[nodiscard]] const float* residual(std::size_t b) const { return residuals_.data() + b * size_; }
  /// The gradients behind the layers pulled back by the residuals' Jacobians, J^T g: [layers][d][kTileRows].
  [[nodiscard]] const kernels::TileBuffer& pulled() const noexcept { return pulled_; }

 private:
  double sketch_errors(const RowTile& rows, const float* state, float* errors);

  const Evaluator* evaluator_;
  std::size_t channels_;
  std::size_t size_;
  std::vector<float> sketch_;  // [channels][k]
  std::vector<float> heads_;   // [channels][d]: the sketch of the head's rows
  kernels::TileBuffer states_, residuals_, gradients_, pulled_;
  kernels::TileBuffer slopes_;  // one tile of h features per layer
  std::vector<std::size_t> slope_at_;
  kernels::TileBuffer hidden_, outputs_;
};

}  // namespace kintsugi
