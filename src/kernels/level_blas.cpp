// Eigen's products as routines of BLAS, for one level.
#include <Eigen/Core>

#include "kernels/blas_code.hpp"

namespace kintsugi::kernels::level_code {

namespace {

using Stride = Eigen::OuterStride<>;
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using In = Eigen::Map<const Matrix<T>, 0, Stride>;
template <class T>
using Out = Eigen::Map<Matrix<T>, 0, Stride>;
template <class T>
using InVector = Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>, 0, Eigen::InnerStride<>>;
template <class T>
using OutVector = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>, 0, Eigen::InnerStride<>>;

bool is(char given, char wanted) { return given == wanted || given == wanted + ('a' - 'A'); }
bool transposed(char trans) { return !is(trans, 'N'); }

// result *= beta, where 0 forgets what was there.
template <class Result, class T>
void scale_by(T beta, Result& result) {
  if (beta == T(0)) {
    result.setZero();
  } else if (beta != T(1)) {
    result *= beta;
  }
}

// Calls work(x) with x a vector of `count` values one after another, copied from and to where they are strided.
template <class T, class Work>
void on_vector(int count, T* x, int stride, const Work& work) {
  OutVector<T> strided(x, count, Eigen::InnerStride<>(stride));
  if (stride == 1) {
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>> plain(x, count);
    return work(plain);
  }
  Eigen::Matrix<T, Eigen::Dynamic, 1> copy = strided;
  work(copy);
  strided = copy;
}

void axpy(int n, double alpha, const double* x, int incx, double* y, int incy) {
  OutVector<double>(y, n, Eigen::InnerStride<>(incy)) += alpha * InVector<double>(x, n, Eigen::InnerStride<>(incx));
}

template <class T>
void gemm(char trans_a, char trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta,
          T* c, int ldc) {
  Out<T> result(c, m, n, Stride(ldc));
  scale_by(beta, result);
  const In<T> left(a, transposed(trans_a) ? k : m, transposed(trans_a) ? m : k, Stride(lda));
  const In<T> right(b, transposed(trans_b) ? n : k, transposed(trans_b) ? k : n, Stride(ldb));
  if (transposed(trans_a)) {
    if (transposed(trans_b)) {
      result.noalias() += alpha * left.transpose() * right.transpose();
    } else {
      result.noalias() += alpha * left.transpose() * right;
    }
  } else if (transposed(trans_b)) {
    result.noalias() += alpha * left * right.transpose();
  } else {
    result.noalias() += alpha * left * right;
  }
}

template <class T>
void gemv(char trans, int m, int n, T alpha, const T* a, int lda, const T* x, int incx, T beta, T* y, int incy) {
  const In<T> matrix(a, m, n, Stride(lda));
  const InVector<T> from(x, transposed(trans) ? m : n, Eigen::InnerStride<>(incx));
  on_vector(transposed(trans) ? n : m, y, incy, [&](auto& to) {
    scale_by(beta, to);
    if (transposed(trans)) {
      to.noalias() += alpha * matrix.transpose() * from;
    } else {
      to.noalias() += alpha * matrix * from;
    }
  });
}

void symv(char uplo, int n, double alpha, const double* a, int lda, const double* x, int incx, double beta, double* y,
          int incy) {
  const In<double> matrix(a, n, n, Stride(lda));
  const InVector<double> from(x, n, Eigen::InnerStride<>(incx));
  on_vector(n, y, incy, [&](auto& to) {
    scale_by(beta, to);
    if (is(uplo, 'U')) {
      to.noalias() += alpha * matrix.selfadjointView<Eigen::Upper>() * from;
    } else {
      to.noalias() += alpha * matrix.selfadjointView<Eigen::Lower>() * from;
    }
  });
}

void syrk(char uplo, char trans, int n, int k, double alpha, const double* a, int lda, double beta, double* c,
          int ldc) {
  const In<double> factor(a, transposed(trans) ? k : n, transposed(trans) ? n : k, Stride(lda));
  Out<double> result(c, n, n, Stride(ldc));
  const auto scale_triangle = [&](auto&& triangle) {
    if (beta == 0.0) {
      triangle.setZero();
    } else if (beta != 1.0) {
      triangle *= beta;
    }
  };
  const auto update = [&](auto&& symmetric) {
    if (transposed(trans)) {
      symmetric.rankUpdate(factor.transpose(), alpha);
    } else {
      symmetric.rankUpdate(factor, alpha);
    }
  };
  if (is(uplo, 'U')) {
    scale_triangle(result.triangularView<Eigen::Upper>());
    update(result.selfadjointView<Eigen::Upper>());
  } else {
    scale_triangle(result.triangularView<Eigen::Lower>());
    update(result.selfadjointView<Eigen::Lower>());
  }
}

// Calls work(triangle) with that triangle of the matrix, or of its transpose.
template <class M, class Work>
void on_triangle(const M& matrix, char uplo, char trans, char diag, const Work& work) {
  const bool unit = is(diag, 'U');
  const auto choose = [&](const auto& plain, bool upper) {
    if (upper && unit) {
      work(plain.template triangularView<Eigen::UnitUpper>());
    } else if (upper) {
      work(plain.template triangularView<Eigen::Upper>());
    } else if (unit) {
      work(plain.template triangularView<Eigen::UnitLower>());
    } else {
      work(plain.template triangularView<Eigen::Lower>());
    }
  };
  if (transposed(trans)) {
    choose(matrix.transpose(), is(uplo, 'L'));
  } else {
    choose(matrix, is(uplo, 'U'));
  }
}

void trmv(char uplo, char trans, char diag, int n, const double* a, int lda, double* x, int incx) {
  const In<double> matrix(a, n, n, Stride(lda));
  on_vector(n, x, incx, [&](auto& values) {
    on_triangle(matrix, uplo, trans, diag, [&](const auto& triangle) { values = triangle * values; });
  });
}

void trmm(char side, char uplo, char trans, char diag, int m, int n, double alpha, const double* a, int lda, double* b,
          int ldb) {
  const int size = is(side, 'L') ? m : n;
  const In<double> matrix(a, size, size, Stride(lda));
  Out<double> result(b, m, n, Stride(ldb));
  on_triangle(matrix, uplo, trans, diag, [&](const auto& triangle) {
    if (is(side, 'L')) {
      result = triangle * Matrix<double>(alpha * result);
    } else {
      result = Matrix<double>(alpha * result) * triangle;
    }
  });
}

void trsm(char side, char uplo, char trans, char diag, int m, int n, double alpha, const double* a, int lda, double* b,
          int ldb) {
  const int size = is(side, 'L') ? m : n;
  const In<double> matrix(a, size, size, Stride(lda));
  Out<double> result(b, m, n, Stride(ldb));
  scale_by(alpha, result);
  on_triangle(matrix, uplo, trans, diag, [&](const auto& triangle) {
    if (is(side, 'L')) {
      triangle.template solveInPlace<Eigen::OnTheLeft>(result);
    } else {
      triangle.template solveInPlace<Eigen::OnTheRight>(result);
    }
  });
}

}  // namespace

constinit const BlasCode blas{
    .floats = {gemm<float>, gemv<float>},
    .doubles = {gemm<double>, gemv<double>},
    .axpy = axpy,
    .symv = symv,
    .syrk = syrk,
    .trmv = trmv,
    .trmm = trmm,
    .trsm = trsm,
};

}  // namespace kintsugi::kernels::level_code
