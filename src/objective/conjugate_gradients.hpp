#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace kintsugi {

[[nodiscard]] inline double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// x with A x = b for a symmetric, positive matrix A, from x = 0 (Hestenes and Stiefel, J. Res. NBS 49, 1952): until
/// the residual's square is `residual_left` of b's, or after `most_products` products. `times_a` gives A x; collective
/// if it is.
template <class Product>
[[nodiscard]] std::vector<double> conjugate_gradients(std::vector<double> b, double residual_left,
                                                      std::int64_t most_products, Product&& times_a) {
  std::vector<double> residual = std::move(b);
  std::vector<double> x(residual.size(), 0);
  std::vector<double> direction = residual;
  double square = dot(residual, residual);
  const double enough = residual_left * square;
  for (std::int64_t i = 0; i < most_products && square > enough && std::isfinite(square); ++i) {
    const std::vector<double> product = times_a(direction);
    const double length = square / dot(direction, product);
    for (std::size_t n = 0; n < x.size(); ++n) {
      x[n] += length * direction[n];
      residual[n] -= length * product[n];
    }
    const double next = dot(residual, residual);
    for (std::size_t n = 0; n < x.size(); ++n) direction[n] = residual[n] + next / square * direction[n];
    square = next;
  }
  return x;
}

}  // namespace kintsugi
