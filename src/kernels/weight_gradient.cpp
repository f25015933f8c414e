#include "kernels/weight_gradient.hpp"

#include <Eigen/Core>

#include "kernels/generated.hpp"

namespace kintsugi::kernels {

namespace {

using Tile = Eigen::Matrix<float, static_cast<int>(kTileRows), Eigen::Dynamic>;

}  // namespace

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
  const auto in = static_cast<Eigen::Index>(in_);
  const auto out = static_cast<Eigen::Index>(out_);
  const Eigen::Map<const Eigen::MatrixXf> left(x_transposed, in, kTileRows);
  const Eigen::Map<const Tile, Eigen::Aligned32> right(g, kTileRows, out);
  Eigen::Map<Eigen::MatrixXf> result(gradient, in, out);
  if (accumulate) {
    result.noalias() += left * right;
  } else {
    result.noalias() = left * right;
  }
}

void transpose_tile(std::size_t features, const float* tile, float* transposed) {
  // Squares that fit the registers: Eigen transposes these in place with shuffles.
  constexpr Eigen::Index kSide = 8;
  using Square = Eigen::Matrix<float, kSide, kSide>;
  using Stride = Eigen::OuterStride<>;
  constexpr auto kRows = static_cast<Eigen::Index>(kTileRows);
  static_assert(kRows % kSide == 0);
  const auto count = static_cast<Eigen::Index>(features);
  const Eigen::Index whole = count / kSide * kSide;
  for (Eigen::Index feature = 0; feature < whole; feature += kSide) {
    for (Eigen::Index row = 0; row < kRows; row += kSide) {
      Square square = Eigen::Map<const Square, 0, Stride>(tile + feature * kRows + row, Stride(kRows));
      square.transposeInPlace();
      Eigen::Map<Square, 0, Stride>(transposed + row * count + feature, Stride(count)) = square;
    }
  }
  for (Eigen::Index feature = whole; feature < count; ++feature) {
    for (Eigen::Index row = 0; row < kRows; ++row) transposed[row * count + feature] = tile[feature * kRows + row];
  }
}

}  // namespace kintsugi::kernels
