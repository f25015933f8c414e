#include "kernels/block.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/tiles.hpp"

namespace kintsugi::kernels {
namespace {

using kintsugi::testing::random_floats;
using kintsugi::testing::WithBackend;

TileBuffer transposed(const TileBuffer& weight, std::size_t rows, std::size_t columns) {
  TileBuffer result(weight.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) result[j * rows + i] = weight[i * columns + j];
  }
  return result;
}

// A block with random weights, and its arithmetic in float64, one row at a time.
class RandomBlock {
 public:
  RandomBlock(std::size_t width, std::size_t hidden, Activation activation, std::uint64_t seed,
              const BlockForm& form = {})
      : width_(width), hidden_(hidden), inner_(form.gated ? 2 * hidden : hidden), activation_(activation), form_(form) {
    Random random(seed);
    w_in_ = random_floats(random, inner_ * width, 1 / std::sqrt(static_cast<double>(width)));
    w_out_ = random_floats(random, width * hidden, 1 / std::sqrt(static_cast<double>(hidden)));
    // Wide biases, so that activations are met far out on either side too.
    b_in_ = random_floats(random, inner_, form.gated ? 1 : 4);
    b_out_ = random_floats(random, width);
    w_in_t_ = transposed(w_in_, inner_, width);
    w_out_t_ = transposed(w_out_, width, hidden);
  }

  [[nodiscard]] BlockWeights weights() const {
    return {w_in_.data(), w_in_t_.data(), b_in_.data(), w_out_.data(), w_out_t_.data(), b_out_.data()};
  }

  [[nodiscard]] std::vector<double> pre_activation(std::vector<double> x) const {
    normalise(x);
    std::vector<double> z(inner_);
    for (std::size_t j = 0; j < inner_; ++j) {
      z[j] = b_in_[j];
      for (std::size_t f = 0; f < width_; ++f) z[j] += static_cast<double>(w_in_[j * width_ + f]) * x[f];
    }
    return z;
  }

  [[nodiscard]] std::vector<double> residual(const std::vector<double>& x) const {
    const std::vector<double> z = pre_activation(x);
    std::vector<double> r(width_);
    for (std::size_t f = 0; f < width_; ++f) {
      r[f] = b_out_[f];
      for (std::size_t j = 0; j < hidden_; ++j) {
        r[f] += static_cast<double>(w_out_[f * hidden_ + j]) * activate(activation_, z[j]) *
                (form_.gated ? z[hidden_ + j] : 1);
      }
    }
    return r;
  }

 private:
  void normalise(std::vector<double>& x) const {
    if (form_.norm == Norm::none) return;
    double mean = 0;
    for (const double value : x) mean += form_.norm == Norm::layer ? value / static_cast<double>(width_) : 0;
    double square = form_.eps;
    for (const double value : x) square += (value - mean) * (value - mean) / static_cast<double>(width_);
    for (double& value : x) value = (value - mean) / std::sqrt(square);
  }

  std::size_t width_;
  std::size_t hidden_;
  std::size_t inner_;
  Activation activation_;
  BlockForm form_;
  TileBuffer w_in_, w_in_t_, b_in_, w_out_, w_out_t_, b_out_;
};

std::vector<double> row_of(const TileBuffer& tile, std::size_t features, std::size_t row) {
  std::vector<double> values(features);
  for (std::size_t f = 0; f < features; ++f) values[f] = tile[f * kTileRows + row];
  return values;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Numbers here are of order 1 to 10, and sums have up to 100 terms.
constexpr double kTolerance = 5e-5;

class BlockOf : public ::testing::TestWithParam<std::tuple<GemmBackend, Activation>> {
 protected:
  static constexpr std::pair<std::size_t, std::size_t> kShapes[] = {{48, 96}, {5, 7}, {1, 3}, {9, 1}, {17, 33}};
  [[nodiscard]] static GemmBackend backend() { return std::get<0>(GetParam()); }
  [[nodiscard]] static Activation activation() { return std::get<1>(GetParam()); }
};

TEST_P(BlockOf, ResidualEqualsFloat64) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  for (const auto& [d, h] : kShapes) {
    const RandomBlock block(d, h, activation(), d);
    const BlockKernel kernel(d, h, activation());
    Random random(h);
    const TileBuffer x = random_floats(random, d * kTileRows, 2);
    TileBuffer r(d * kTileRows);
    TileBuffer hidden(h * kTileRows);
    kernel.residual(block.weights(), x.data(), r.data(), hidden.data());
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::vector<double> state = row_of(x, d, row);
      const std::vector<double> expected = block.residual(state);
      const std::vector<double> z = block.pre_activation(state);
      for (std::size_t f = 0; f < d; ++f) ASSERT_NEAR(r[f * kTileRows + row], expected[f], kTolerance) << "row " << row;
      for (std::size_t j = 0; j < h; ++j) {
        ASSERT_NEAR(hidden[j * kTileRows + row], activate(activation(), z[j]), kTolerance) << "at z = " << z[j];
      }
    }
  }
}

TEST_P(BlockOf, SlopeIsTheActivationsDerivative) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  for (const auto& [d, h] : kShapes) {
    const RandomBlock block(d, h, activation(), d);
    const BlockKernel kernel(d, h, activation());
    Random random(h);
    const TileBuffer x = random_floats(random, d * kTileRows, 2);
    TileBuffer r(d * kTileRows);
    TileBuffer plain(d * kTileRows);
    TileBuffer hidden(h * kTileRows);
    TileBuffer slope(h * kTileRows);
    kernel.residual(block.weights(), x.data(), plain.data(), hidden.data());
    kernel.residual_and_slope(block.weights(), x.data(), r.data(), hidden.data(), slope.data());
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::vector<double> z = block.pre_activation(row_of(x, d, row));
      for (std::size_t f = 0; f < d; ++f) ASSERT_NEAR(r[f * kTileRows + row], plain[f * kTileRows + row], kTolerance);
      for (std::size_t j = 0; j < h; ++j) {
        if (std::fabs(z[j]) < 1e-4) continue;  // at a kink rounding decides
        ASSERT_NEAR(slope[j * kTileRows + row], activate_derivative(activation(), z[j]), kTolerance)
            << "at z = " << z[j];
      }
    }
  }
}

// <u, dx> = <g, J dx>, with J dx from central differences of the float64 block.
void expect_adjoint(const BlockKernel& kernel, const RandomBlock& block, std::size_t d, std::size_t h,
                    double tolerance) {
  constexpr double kStep = 1e-6;
  Random random(h);
  const TileBuffer x = random_floats(random, d * kTileRows);
  const TileBuffer g = random_floats(random, d * kTileRows);
  const TileBuffer dx = random_floats(random, d * kTileRows);
  TileBuffer u(d * kTileRows);
  TileBuffer hidden(kernel.inner() * kTileRows);
  TileBuffer slope(kernel.slope_size());
  TileBuffer r(d * kTileRows);
  kernel.residual_and_slope(block.weights(), x.data(), r.data(), hidden.data(), slope.data());
  kernel.pull_back(block.weights(), slope.data(), g.data(), u.data(), hidden.data());
  for (std::size_t row = 0; row < kTileRows; ++row) {
    const std::vector<double> direction = row_of(dx, d, row);
    std::vector<double> ahead = row_of(x, d, row);
    std::vector<double> behind = ahead;
    for (std::size_t f = 0; f < d; ++f) {
      ahead[f] += kStep * direction[f];
      behind[f] -= kStep * direction[f];
    }
    const std::vector<double> gradient = row_of(g, d, row);
    const double expected =
        (dot(gradient, block.residual(ahead)) - dot(gradient, block.residual(behind))) / (2 * kStep);
    const double scale = std::sqrt(dot(gradient, gradient) * dot(direction, direction));
    ASSERT_NEAR(dot(row_of(u, d, row), direction), expected, tolerance * (1 + scale))
        << d << " x " << h << " row " << row;
  }
}

TEST_P(BlockOf, PullBackIsTheAdjointOfTheJacobian) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  for (const auto& [d, h] : kShapes) {
    const RandomBlock block(d, h, activation(), d + 100);
    ASSERT_NO_FATAL_FAILURE(expect_adjoint(BlockKernel(d, h, activation()), block, d, h, 1e-5));
  }
}

TEST_P(BlockOf, RowsDoNotTouchEachOther) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  const std::size_t d = 11;
  const std::size_t h = 14;
  const RandomBlock block(d, h, activation(), 5);
  const BlockKernel kernel(d, h, activation());
  Random random(6);
  TileBuffer x = random_floats(random, d * kTileRows);
  TileBuffer hidden(h * kTileRows);
  TileBuffer first(d * kTileRows);
  TileBuffer second(d * kTileRows);
  kernel.residual(block.weights(), x.data(), first.data(), hidden.data());
  for (std::size_t f = 0; f < d; ++f) x[f * kTileRows + 9] = 1e6F;
  kernel.residual(block.weights(), x.data(), second.data(), hidden.data());
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (i % kTileRows != 9) {
      EXPECT_EQ(first[i], second[i]) << "row " << i % kTileRows;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockOf,
                         ::testing::Combine(::testing::Values(GemmBackend::libxsmm, GemmBackend::eigen),
                                            ::testing::ValuesIn(kActivations)),
                         [](const auto& test) {
                           return std::string(to_string(std::get<0>(test.param))) + "_" +
                                  std::string(to_string(std::get<1>(test.param)));
                         });
INSTANTIATE_TEST_SUITE_P(Slope, BlockOf,
                         ::testing::Combine(::testing::Values(GemmBackend::eigen),
                                            ::testing::Values(Activation(Activation::leaky_relu, 0.2),
                                                              Activation(Activation::leaky_relu, -0.3))));

class BlockOfForm : public ::testing::TestWithParam<std::tuple<GemmBackend, BlockForm>> {
 protected:
  static constexpr std::pair<std::size_t, std::size_t> kShapes[] = {{48, 96}, {5, 7}, {9, 1}, {17, 33}};
  [[nodiscard]] static GemmBackend backend() { return std::get<0>(GetParam()); }
  [[nodiscard]] static BlockForm form() { return std::get<1>(GetParam()); }
};

TEST_P(BlockOfForm, ResidualEqualsFloat64) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  for (const auto& [d, h] : kShapes) {
    const RandomBlock block(d, h, Activation::silu, d, form());
    const BlockKernel kernel(d, h, Activation::silu, form());
    ASSERT_EQ(kernel.inner(), form().gated ? 2 * h : h);
    Random random(h);
    const TileBuffer x = random_floats(random, d * kTileRows, 2);
    TileBuffer r(d * kTileRows);
    TileBuffer with_slope(d * kTileRows);
    TileBuffer hidden(kernel.inner() * kTileRows);
    TileBuffer slope(kernel.slope_size());
    kernel.residual(block.weights(), x.data(), r.data(), hidden.data());
    kernel.residual_and_slope(block.weights(), x.data(), with_slope.data(), hidden.data(), slope.data());
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::vector<double> expected = block.residual(row_of(x, d, row));
      for (std::size_t f = 0; f < d; ++f) {
        ASSERT_NEAR(r[f * kTileRows + row], expected[f], kTolerance) << d << " x " << h << " row " << row;
        ASSERT_NEAR(with_slope[f * kTileRows + row], expected[f], kTolerance) << d << " x " << h << " row " << row;
      }
    }
  }
}

TEST_P(BlockOfForm, PullBackIsTheAdjointOfTheJacobian) {
  KINTSUGI_REQUIRE_BACKEND(backend());
  const WithBackend with(backend());
  for (const auto& [d, h] : kShapes) {
    const RandomBlock block(d, h, Activation::silu, d + 100, form());
    ASSERT_NO_FATAL_FAILURE(expect_adjoint(BlockKernel(d, h, Activation::silu, form()), block, d, h, 2e-5));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BlockOfForm,
    ::testing::Combine(::testing::Values(GemmBackend::libxsmm, GemmBackend::eigen),
                       ::testing::Values(BlockForm{Norm::layer, kNormEps, false}, BlockForm{Norm::rms, 0.1, false},
                                         BlockForm{Norm::none, kNormEps, true}, BlockForm{Norm::layer, 0.1, true},
                                         BlockForm{Norm::rms, kNormEps, true})));

TEST(ActivateTile, StaysFiniteFarOut) {
  const TileBuffer bias(1, 0.0F);
  for (const Activation activation : kActivations) {
    TileBuffer z(kTileRows);
    for (std::size_t i = 0; i < kTileRows; ++i) {
      z[i] = static_cast<float>(std::ldexp(1.0, static_cast<int>(i / 2) * 6 - 30)) * (i % 2 == 0 ? 1.0F : -1.0F);
    }
    const TileBuffer points = z;
    TileBuffer slope(kTileRows);
    activate_tile_with_slope(activation, bias.data(), 1, z.data(), slope.data());
    for (std::size_t i = 0; i < kTileRows; ++i) {
      const double expected = activate(activation, points[i]);
      EXPECT_NEAR(z[i], expected, 1e-5 * std::fabs(expected) + 1e-6) << to_string(activation) << " of " << points[i];
      EXPECT_NEAR(slope[i], activate_derivative(activation, points[i]), 1e-5)
          << to_string(activation) << "' of " << points[i];
    }
  }
}

TEST(BlockKernel, CountsTheOperationsOfItsProducts) {
  EXPECT_EQ(BlockKernel(48, 96, Activation::relu).flops_per_row(), 2.0 * 2 * 48 * 96);
}

}  // namespace
}  // namespace kintsugi::kernels
