#include "kernels/weight_gradient.hpp"

#include "kernels/code.hpp"
#include "kernels/generated.hpp"

namespace kintsugi::kernels {

WeightGradient::WeightGradient(std::size_t out, std::size_t in) : out_(out), in_(in) {
  if (gemm_backend() == GemmBackend::libxsmm) {
    // Column-major: gradient^T [in x out] = x_transposed^T [in x rows] times g [rows x out].
    set_ = generate(in, out, kTileRows, false);
    add_ = generate(in, out, kTileRows, true);
  }
}

void WeightGradient::operator()(const float* g, const float* x_transposed, float* gradient, bool accumulate) const {
  if (const Generated generated = accumulate ? add_ : set_; generated != nullptr) {
    generated(x_transposed, g, gradient);
    return;
  }
  code().weight_gradient(out_, in_, accumulate, g, x_transposed, gradient);
}

void transpose_tile(std::size_t features, const float* tile, float* transposed) {
  code().transpose_tile(features, tile, transposed);
}

}  // namespace kintsugi::kernels
