// The routines that Eigen's products go to in a build for many processors, against plain loops; and the choice of the
// level that all tests of this program run at: KINTSUGI_TEST_LEVEL.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "kernels/blas_code.hpp"
#include "kernels/code.hpp"
#include "kernels/level.hpp"
#include "kintsugi/core/error.hpp"

namespace kintsugi::kernels {
namespace {

/// Before any test: goes over to the level that is asked for, or ends the program where this processor does not run it.
class AtLevel : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* const name = std::getenv("KINTSUGI_TEST_LEVEL");  // NOLINT(concurrency-mt-unsafe): one thread
    ASSERT_NE(name, nullptr) << "KINTSUGI_TEST_LEVEL is not set";
    try {
      use_level(name);
    } catch (const UsageError& error) {
      GTEST_SKIP() << "SKIPPED: " << error.what();
    }
    ASSERT_EQ(levels()[level()], name);
  }
};
const ::testing::Environment* const at_level = ::testing::AddGlobalTestEnvironment(new AtLevel);

/// Column-major, with unused rows between the columns.
struct Matrix {
  int rows, columns, stride;
  std::vector<double> values;

  Matrix(Random& random, int height, int width)
      : rows(height), columns(width), stride(height + 3), values(static_cast<std::size_t>(stride * width)) {
    for (double& value : values) value = random.normal();
  }
  double& operator()(int i, int j) { return values[static_cast<std::size_t>(j * stride + i)]; }
  double operator()(int i, int j) const { return values[static_cast<std::size_t>(j * stride + i)]; }
};

double element(const Matrix& a, char trans, int i, int j) { return trans == 'N' ? a(i, j) : a(j, i); }

/// Of the triangle that is stored, as BLAS has it.
double triangular(const Matrix& a, char uplo, char trans, char diag, int i, int j) {
  if (trans != 'N') std::swap(i, j);
  if (i == j) return diag == 'U' ? 1 : a(i, j);
  return (uplo == 'U') == (i < j) ? a(i, j) : 0;
}

double symmetric(const Matrix& a, char uplo, int i, int j) {
  return (uplo == 'U') == (i <= j) || i == j ? a(i, j) : a(j, i);
}

void expect_near(const Matrix& found, const Matrix& expected) {
  for (std::size_t i = 0; i < found.values.size(); ++i) ASSERT_NEAR(found.values[i], expected.values[i], 1e-10) << i;
}

TEST(Blas, ProductsOfMatrices) {
  Random random(1);
  const int m = 37, n = 29, k = 41;
  for (const char trans_a : {'N', 'T'}) {
    for (const char trans_b : {'N', 'T'}) {
      const Matrix a(random, trans_a == 'N' ? m : k, trans_a == 'N' ? k : m);
      const Matrix b(random, trans_b == 'N' ? k : n, trans_b == 'N' ? n : k);
      Matrix c(random, m, n);
      Matrix expected = c;
      for (int i = 0; i < m; ++i) {
        for (int j = 0; j < n; ++j) {
          double sum = 0;
          for (int p = 0; p < k; ++p) sum += element(a, trans_a, i, p) * element(b, trans_b, p, j);
          expected(i, j) = 0.5 * expected(i, j) + 2 * sum;
        }
      }
      code().blas->doubles.gemm(trans_a, trans_b, m, n, k, 2, a.values.data(), a.stride, b.values.data(), b.stride, 0.5,
                                c.values.data(), c.stride);
      expect_near(c, expected);
    }
  }
}

TEST(Blas, ProductsInFloat) {
  Random random(2);
  const int m = 50, n = 33, k = 40;
  std::vector<float> a(m * k), b(k * n), c(m * n, 7.0F);
  for (float& value : a) value = static_cast<float>(random.normal());
  for (float& value : b) value = static_cast<float>(random.normal());
  code().blas->floats.gemm('N', 'N', m, n, k, 1, a.data(), m, b.data(), k, 0, c.data(), m);
  std::vector<float> y(m, 1.0F);
  code().blas->floats.gemv('N', m, k, 1, a.data(), m, b.data(), 1, 1, y.data(), 1);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int p = 0; p < k; ++p) sum += static_cast<double>(a[p * m + i]) * b[j * k + p];
      ASSERT_NEAR(c[j * m + i], sum, 1e-4);
      if (j == 0) {
        ASSERT_NEAR(y[i], 1 + sum, 1e-4);
      }
    }
  }
}

TEST(Blas, MatricesTimesVectorsWithStrides) {
  Random random(3);
  const Matrix a(random, 23, 31);
  for (const char trans : {'N', 'T'}) {
    for (const int stride : {1, 2}) {
      const int inside = trans == 'N' ? 31 : 23;
      const int outside = trans == 'N' ? 23 : 31;
      const Matrix x(random, inside * stride, 1);
      Matrix y(random, outside * stride, 1);
      Matrix expected = y;
      for (int i = 0; i < outside; ++i) {
        double sum = 0;
        for (int p = 0; p < inside; ++p) sum += element(a, trans, i, p) * x(p * stride, 0);
        expected(i * stride, 0) = -expected(i * stride, 0) + 3 * sum;
      }
      code().blas->doubles.gemv(trans, 23, 31, 3, a.values.data(), a.stride, x.values.data(), stride, -1,
                                y.values.data(), stride);
      expect_near(y, expected);
      Matrix z(random, inside * stride, 1);
      Matrix moved = z;
      for (int i = 0; i < inside; ++i) moved(i * stride, 0) += 2 * x(i * stride, 0);
      code().blas->axpy(inside, 2, x.values.data(), stride, z.values.data(), stride);
      expect_near(z, moved);
    }
  }
}

TEST(Blas, SymmetricMatrices) {
  Random random(4);
  const int n = 35, k = 19;
  for (const char uplo : {'U', 'L'}) {
    const Matrix a(random, n, n);
    const Matrix x(random, n, 1);
    Matrix y(random, n, 1);
    Matrix expected = y;
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int j = 0; j < n; ++j) sum += symmetric(a, uplo, i, j) * x(j, 0);
      expected(i, 0) += 2 * sum;
    }
    code().blas->symv(uplo, n, 2, a.values.data(), a.stride, x.values.data(), 1, 1, y.values.data(), 1);
    expect_near(y, expected);
    for (const char trans : {'N', 'T'}) {
      const Matrix factor(random, trans == 'N' ? n : k, trans == 'N' ? k : n);
      Matrix c(random, n, n);
      Matrix square = c;
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          if (i != j && (uplo == 'U') != (i < j)) continue;
          double sum = 0;
          for (int p = 0; p < k; ++p) sum += element(factor, trans, i, p) * element(factor, trans, j, p);
          square(i, j) = 0.5 * square(i, j) - sum;
        }
      }
      code().blas->syrk(uplo, trans, n, k, -1, factor.values.data(), factor.stride, 0.5, c.values.data(), c.stride);
      expect_near(c, square);
    }
  }
}

TEST(Blas, TrianglesOnEitherSide) {
  Random random(5);
  const int m = 18, n = 27;
  for (const std::string_view which : {"LUNN", "LUTN", "LLNN", "LLTU", "RUNU", "RUTN", "RLNN", "RLTN"}) {
    const char side = which[0], uplo = which[1], trans = which[2], diag = which[3];
    const int size = side == 'L' ? m : n;
    Matrix a(random, size, size);
    for (double& value : a.values) value *= 0.1;
    for (int i = 0; i < size; ++i) a(i, i) = 2;
    const Matrix b(random, m, n);
    Matrix product = b;
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = 0;
        for (int p = 0; p < size; ++p) {
          sum += side == 'L' ? triangular(a, uplo, trans, diag, i, p) * b(p, j)
                             : b(i, p) * triangular(a, uplo, trans, diag, p, j);
        }
        product(i, j) = 3 * sum;
      }
    }
    Matrix c = b;
    code().blas->trmm(side, uplo, trans, diag, m, n, 3, a.values.data(), a.stride, c.values.data(), c.stride);
    expect_near(c, product);
    code().blas->trsm(side, uplo, trans, diag, m, n, 1.0 / 3, a.values.data(), a.stride, c.values.data(), c.stride);
    expect_near(c, b);
    if (side == 'R') continue;
    Matrix x = b;
    code().blas->trmv(uplo, trans, diag, m, a.values.data(), a.stride, x.values.data(), 1);
    for (int i = 0; i < m; ++i) ASSERT_NEAR(3 * x(i, 0), product(i, 0), 1e-10) << which;
  }
}

}  // namespace
}  // namespace kintsugi::kernels
