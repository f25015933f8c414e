#pragma once

#include <cstddef>

#include "kernels/aligned.hpp"
#include "kernels/gemm.hpp"
#include "kintsugi/core/activation.hpp"
#include "kintsugi/core/block_form.hpp"

namespace kintsugi::kernels {

/// Where one block's weights lie. All 64-byte aligned; absent biases are zeros. A gated block's W_in is [2h x d]: the
/// gate's rows, and then the expand piece's.
struct BlockWeights {
  const float* w_in = nullptr;     ///< [i x d] row-major, with i = h, or 2h where the block is gated
  const float* w_in_t = nullptr;   ///< [d x i] row-major
  const float* b_in = nullptr;     ///< [i]
  const float* w_out = nullptr;    ///< [d x h] row-major
  const float* w_out_t = nullptr;  ///< [h x d] row-major
  const float* b_out = nullptr;    ///< [d]
  bool normed = true;              ///< the form's norm stands before this block
};

/// The arithmetic of one block on one tile of rows, forward and adjoint, for a fixed width, hidden size and form.
/// x, r, g, u are tiles of d features; `hidden` is a tile of inner() features, of which the activations take the first
/// h. Where a norm stands in front, x is normalised first. Whether there is a gate is the form's; blocks of a network
/// may differ in it, and have kernels of their own then. Not for several threads at a time.
class BlockKernel {
 public:
  BlockKernel(std::size_t width, std::size_t hidden, Activation activation, const BlockForm& form = {});

  /// h: columns of W_out.
  [[nodiscard]] std::size_t hidden() const noexcept { return hidden_; }
  /// Rows of W_in: h, or 2h where the block is gated.
  [[nodiscard]] std::size_t inner() const noexcept { return inner_; }
  /// Numbers that residual_and_slope() keeps of a tile.
  [[nodiscard]] std::size_t slope_size() const noexcept;
  /// What W_in was multiplied by where `slope` was taken at `x`: a tile of d features.
  [[nodiscard]] const float* expanded_input(const float* x, const float* slope) const noexcept;

  /// r = W_out act(W_in x + b_in) + b_out. `hidden` is scratch; it holds act(..) afterwards.
  void residual(const BlockWeights& block, const float* x, float* r, float* hidden) const;

  /// The second half of residual(): r = W_out a + b_out, with `a` a tile of h features.
  void compress(const BlockWeights& block, const float* a, float* r) const;

  /// residual(), and what pull_back() needs to know of the point x in `slope`, slope_size() numbers.
  void residual_and_slope(const BlockWeights& block, const float* x, float* r, float* hidden, float* slope) const;

  /// The first half of residual_and_slope(): a = act(W_in x + b_in), in the first h of a tile of inner() features.
  void activate(const BlockWeights& block, const float* x, float* a, float* slope) const;

  /// u = J^T g with J the Jacobian of the residual at the point where `slope` was taken. `hidden` is scratch; it
  /// holds the adjoint of the pre-activation, act'(..) W_out^T g, afterwards.
  void pull_back(const BlockWeights& block, const float* slope, const float* g, float* u, float* hidden) const;

  /// The first half of pull_back(): h = act'(..) W_out^T g, a tile of inner() features.
  void pull_back_to_hidden(const BlockWeights& block, const float* slope, const float* g, float* h) const;

  /// Floating-point operations of residual() on one row, counting the products only; pull_back() needs as many.
  [[nodiscard]] double flops_per_row() const noexcept {
    return 2.0 * static_cast<double>(width_) * static_cast<double>(hidden_ + inner_);
  }

 private:
  /// act(z + b_in) in place, times the other half where the block is gated.
  void activate_inner(const BlockWeights& block, float* z) const;

  std::size_t width_;
  std::size_t hidden_;
  std::size_t inner_;
  Activation activation_;
  BlockForm form_;
  mutable TileBuffer normed_;  // a tile of d features, and the factors of its rows
  Gemm expand_;
  Gemm compress_;
  Gemm expand_back_;
  Gemm compress_back_;
};

/// The norm of a tile of d features into `normed`: (d + 1) x kTileRows numbers, the rows' factors behind the features.
void normalise_tile(const BlockForm& form, std::size_t width, const float* x, float* normed);

/// Gradients with respect to what normalise_tile() gave become, in place, gradients with respect to what it was given.
void pull_through_norm(const BlockForm& form, std::size_t width, const float* normed, float* gradients);

/// act(z + bias) in place on a tile of `features` features.
void activate_tile(Activation activation, const float* bias, std::size_t features, float* z);

/// act(z + bias) in place, and act'(z + bias) into `slope`.
void activate_tile_with_slope(Activation activation, const float* bias, std::size_t features, float* z, float* slope);

}  // namespace kintsugi::kernels
