// Products and loops over a tile: what libxsmm does not do.
#include <Eigen/Core>

#include "kernels/code.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi::kernels::level_code {

namespace {

using Tile = Eigen::Matrix<float, static_cast<int>(kTileRows), Eigen::Dynamic>;

// result = or += product.
template <class Result, class Product>
void take(const Product& product, bool accumulate, Result& result) {
  if (accumulate) {
    result.noalias() += product;
  } else {
    result.noalias() = product;
  }
}

}  // namespace

void add_bias(const float* bias, std::size_t features, float* tile) {
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) tile[j * kTileRows + row] += bias[j];
  }
}

void scale(const float* factors, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) values[i] *= factors[i];
}

void multiply(std::size_t n, std::size_t k, bool accumulate, const float* a, const float* b, float* c) {
  const auto columns = static_cast<Eigen::Index>(n);
  const auto depth = static_cast<Eigen::Index>(k);
  const Eigen::Map<const Tile, Eigen::Aligned32> left(a, kTileRows, depth);
  const Eigen::Map<const Eigen::MatrixXf> right(b, depth, columns);
  Eigen::Map<Tile, Eigen::Aligned32> result(c, kTileRows, columns);
  take(left * right, accumulate, result);
}

void weight_gradient(std::size_t out, std::size_t in, bool accumulate, const float* g, const float* x_transposed,
                     float* gradient) {
  const auto rows = static_cast<Eigen::Index>(in);
  const auto columns = static_cast<Eigen::Index>(out);
  const Eigen::Map<const Eigen::MatrixXf> left(x_transposed, rows, kTileRows);
  const Eigen::Map<const Tile, Eigen::Aligned32> right(g, kTileRows, columns);
  Eigen::Map<Eigen::MatrixXf> result(gradient, rows, columns);
  take(left * right, accumulate, result);
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

}  // namespace kintsugi::kernels::level_code
