#pragma once

namespace kintsugi::kernels {

/// The routines of BLAS that Eigen calls where it is told to, compiled for one level: with their names, arguments and
/// meaning there, but values instead of pointers. Matrices are column-major. Of float and double, those that are
/// needed.
template <class T>
struct Products {
  void (*gemm)(char trans_a, char trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb,
               T beta, T* c, int ldc);
  void (*gemv)(char trans, int m, int n, T alpha, const T* a, int lda, const T* x, int incx, T beta, T* y, int incy);
};

struct BlasCode {
  Products<float> floats;
  Products<double> doubles;
  void (*axpy)(int n, double alpha, const double* x, int incx, double* y, int incy);
  void (*symv)(char uplo, int n, double alpha, const double* a, int lda, const double* x, int incx, double beta,
               double* y, int incy);
  void (*syrk)(char uplo, char trans, int n, int k, double alpha, const double* a, int lda, double beta, double* c,
               int ldc);
  void (*trmv)(char uplo, char trans, char diag, int n, const double* a, int lda, double* x, int incx);
  void (*trmm)(char side, char uplo, char trans, char diag, int m, int n, double alpha, const double* a, int lda,
               double* b, int ldb);
  void (*trsm)(char side, char uplo, char trans, char diag, int m, int n, double alpha, const double* a, int lda,
               double* b, int ldb);
};

namespace level_code {

extern const BlasCode blas;

}  // namespace level_code

}  // namespace kintsugi::kernels
