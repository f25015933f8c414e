#include "kernels/gemm.hpp"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <string>
#include <utility>

#include "kernels/float64.hpp"
#include "kernels/flush_denormals.hpp"
#include "kernels/tiles.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels {
namespace {

using kintsugi::testing::random_floats;
using kintsugi::testing::WithBackend;

class GemmOf : public ::testing::TestWithParam<GemmBackend> {};

constexpr float kGuard = 12345;
constexpr std::size_t kGuards = 16;

void expect_product(std::size_t n, std::size_t k, bool accumulate) {
  Random random(n, k);
  const TileBuffer a = random_floats(random, k * kTileRows);
  const TileBuffer b = random_floats(random, n * k);
  const TileBuffer before = random_floats(random, n * kTileRows);
  TileBuffer c = before;
  c.resize(before.size() + kGuards, kGuard);
  Gemm(n, k, accumulate)(a.data(), b.data(), c.data());
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::size_t at = j * kTileRows + row;
      double expected = accumulate ? before[at] : 0;
      double magnitude = std::fabs(expected);
      for (std::size_t p = 0; p < k; ++p) {
        const double term = static_cast<double>(a[p * kTileRows + row]) * b[j * k + p];
        expected += term;
        magnitude += std::fabs(term);
      }
      // Of a sum of k products in any order: at most k + 1 roundings of partial sums.
      ASSERT_NEAR(c[at], expected, static_cast<double>(k + 1) * FLT_EPSILON / 2 * magnitude) << "feature " << j;
    }
  }
  for (std::size_t i = before.size(); i < c.size(); ++i) EXPECT_EQ(c[i], kGuard) << "written behind the tile";
}

TEST_P(GemmOf, EqualsFloat64LoopsOnEveryShape) {
  KINTSUGI_REQUIRE_BACKEND(GetParam());
  const WithBackend backend(GetParam());
  EXPECT_EQ(gemm_backend(), GetParam());
  using Shape = std::pair<std::size_t, std::size_t>;
  for (const auto& [n, k] :
       {Shape{1, 1}, {1, 48}, {48, 1}, {3, 2}, {7, 13}, {17, 31}, {33, 5}, {48, 96}, {96, 48}, {2, 257}, {131, 64}}) {
    SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(k));
    expect_product(n, k, false);
    expect_product(n, k, true);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, GemmOf, ::testing::Values(GemmBackend::libxsmm, GemmBackend::eigen),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST(Gemm, LibxsmmIsRefusedOnlyWhereItDoesNotWork) {
  if (libxsmm_works()) {
    EXPECT_NO_THROW(WithBackend{GemmBackend::libxsmm});
  } else {
    EXPECT_THROW(set_gemm_backend(GemmBackend::libxsmm), UsageError);
    EXPECT_EQ(gemm_backend(), GemmBackend::eigen);
  }
}

// Half of the smallest normal float, made and read at run time.
float denormal() {
  volatile float smallest = FLT_MIN;
  volatile float half = smallest * 0.5F;
  return half;
}

TEST(FlushDenormals, CountsThemAsZeroAndRestoresTheSetting) {
#ifndef __SSE2__
  GTEST_SKIP() << "SKIPPED: denormals are flushed on x86 only";
#endif
  EXPECT_NE(denormal(), 0.0F);
  volatile float made_before = denormal();
  {
    const FlushDenormals outer;
    EXPECT_EQ(denormal(), 0.0F);
    // As an operand too.
    volatile float product = made_before * 0x1.0p100F;
    EXPECT_EQ(product, 0.0F);
    {
      const FlushDenormals inner;
      EXPECT_EQ(denormal(), 0.0F);
    }
    EXPECT_EQ(denormal(), 0.0F) << "the inner one's end must leave the outer one's setting";
  }
  EXPECT_NE(denormal(), 0.0F);
}

TEST(Float64, EqualsLoopsOnEveryShape) {
  using Shape = std::pair<std::size_t, std::size_t>;
  for (const auto& [n, k] : {Shape{1, 1}, {2, 48}, {48, 1}, {3, 2}, {4, 7}, {5, 9}, {7, 13}, {17, 31}, {96, 48}}) {
    SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(k));
    Random random(n, k);
    const auto draw = [&](std::size_t count) {
      TileBuffer64 values(count);
      for (double& value : values) value = random.normal();
      return values;
    };
    const TileBuffer64 a = draw(k * kTileRows);
    const TileBuffer64 b = draw(n * k);
    TileBuffer64 c(n * kTileRows + kGuards, kGuard);
    multiply64(n, k, a.data(), b.data(), c.data());
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t row = 0; row < kTileRows; ++row) {
        long double expected = 0;
        for (std::size_t p = 0; p < k; ++p) expected += static_cast<long double>(a[p * kTileRows + row]) * b[j * k + p];
        ASSERT_NEAR(c[j * kTileRows + row], static_cast<double>(expected), 1e-13 * static_cast<double>(k)) << j;
      }
    }
    for (std::size_t i = n * kTileRows; i < c.size(); ++i) EXPECT_EQ(c[i], kGuard) << "written behind the tile";
  }
}

}  // namespace
}  // namespace kintsugi::kernels
