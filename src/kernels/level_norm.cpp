// Norms of tiles: rows are the columns of a tile, worked on side by side.
#include <algorithm>
#include <cmath>

#include "kernels/code.hpp"
#include "kernels/gemm.hpp"

namespace kintsugi::kernels::level_code {

void normalise_tile(const BlockForm& form, std::size_t features, const float* x, float* normed, float* factors) {
  const auto count = static_cast<float>(features);
  float means[kTileRows] = {};
  if (rule_of(form.norm).centred) {
    for (std::size_t j = 0; j < features; ++j) {
      for (std::size_t row = 0; row < kTileRows; ++row) means[row] += x[j * kTileRows + row];
    }
    for (float& mean : means) mean /= count;
  }
  float squares[kTileRows] = {};
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const float value = x[j * kTileRows + row] - means[row];
      normed[j * kTileRows + row] = value;
      squares[row] += value * value;
    }
  }
  const auto eps = static_cast<float>(form.eps);
  for (std::size_t row = 0; row < kTileRows; ++row) factors[row] = 1 / std::sqrt(squares[row] / count + eps);
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) normed[j * kTileRows + row] *= factors[row];
  }
}

void pull_through_norm(const BlockForm& form, std::size_t features, const float* normed, const float* factors,
                       float* gradients) {
  const auto count = static_cast<float>(features);
  float means[kTileRows] = {};
  float products[kTileRows] = {};
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const float gradient = gradients[j * kTileRows + row];
      means[row] += gradient;
      products[row] += gradient * normed[j * kTileRows + row];
    }
  }
  const bool centred = rule_of(form.norm).centred;
  for (std::size_t row = 0; row < kTileRows; ++row) {
    means[row] = centred ? means[row] / count : 0;
    products[row] /= count;
  }
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      float& gradient = gradients[j * kTileRows + row];
      gradient = factors[row] * (gradient - means[row] - normed[j * kTileRows + row] * products[row]);
    }
  }
}

}  // namespace kintsugi::kernels::level_code
