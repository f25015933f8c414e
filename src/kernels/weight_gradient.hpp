#pragma once

#include <cstddef>

#include "kernels/gemm.hpp"

namespace kintsugi::kernels {

/// The product that training needs besides those of BlockKernel: the gradient of a weight [out x in] from one tile of
/// rows.
class WeightGradient {
 public:
  WeightGradient() = default;
  WeightGradient(std::size_t out, std::size_t in);

  /// gradient [out x in], row-major, becomes the sum over the tile's rows of g x^T, or has it added where `accumulate`.
  /// `g` is a tile of `out` features, the adjoint of the layer's output; `x_transposed` [kTileRows x in], row-major, is
  /// the layer's input as transpose_tile() gives it.
  void operator()(const float* g, const float* x_transposed, float* gradient, bool accumulate) const;

 private:
  using Generated = void (*)(const float* a, const float* b, float* c, ...);
  Generated set_ = nullptr;
  Generated add_ = nullptr;
  std::size_t out_ = 0;
  std::size_t in_ = 0;
};

/// A tile of `features` features with each row's features next to each other: [kTileRows x features], row-major.
void transpose_tile(std::size_t features, const float* tile, float* transposed);

}  // namespace kintsugi::kernels
