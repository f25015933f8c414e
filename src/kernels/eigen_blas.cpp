// What Eigen calls for its products where it is told to (EIGEN_USE_BLAS): routines with the interface of BLAS, under
// names of our own (KintsugiLevels.cmake), which go to the code of the level in use. Those that Eigen needs here;
// another one is missed by the linker.
#include "kernels/blas_code.hpp"
#include "kernels/code.hpp"

using kintsugi::kernels::code;

extern "C" {

int kintsugi_sgemm(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                   const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                   const float* beta, float* c, const int* ldc) {
  code().blas->floats.gemm(*trans_a, *trans_b, *m, *n, *k, *alpha, a, *lda, b, *ldb, *beta, c, *ldc);
  return 0;
}

int kintsugi_dgemm(const char* trans_a, const char* trans_b, const int* m, const int* n, const int* k,
                   const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
                   const double* beta, double* c, const int* ldc) {
  code().blas->doubles.gemm(*trans_a, *trans_b, *m, *n, *k, *alpha, a, *lda, b, *ldb, *beta, c, *ldc);
  return 0;
}

int kintsugi_sgemv(const char* trans, const int* m, const int* n, const float* alpha, const float* a, const int* lda,
                   const float* x, const int* incx, const float* beta, float* y, const int* incy) {
  code().blas->floats.gemv(*trans, *m, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy);
  return 0;
}

int kintsugi_dgemv(const char* trans, const int* m, const int* n, const double* alpha, const double* a, const int* lda,
                   const double* x, const int* incx, const double* beta, double* y, const int* incy) {
  code().blas->doubles.gemv(*trans, *m, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy);
  return 0;
}

int kintsugi_daxpy(const int* n, const double* alpha, const double* x, const int* incx, double* y, const int* incy) {
  code().blas->axpy(*n, *alpha, x, *incx, y, *incy);
  return 0;
}

int kintsugi_dsymv(const char* uplo, const int* n, const double* alpha, const double* a, const int* lda,
                   const double* x, const int* incx, const double* beta, double* y, const int* incy) {
  code().blas->symv(*uplo, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy);
  return 0;
}

int kintsugi_dsyrk(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha,
                   const double* a, const int* lda, const double* beta, double* c, const int* ldc) {
  code().blas->syrk(*uplo, *trans, *n, *k, *alpha, a, *lda, *beta, c, *ldc);
  return 0;
}

int kintsugi_dtrmv(const char* uplo, const char* trans, const char* diag, const int* n, const double* a, const int* lda,
                   double* x, const int* incx) {
  code().blas->trmv(*uplo, *trans, *diag, *n, a, *lda, x, *incx);
  return 0;
}

int kintsugi_dtrmm(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
                   const double* alpha, const double* a, const int* lda, double* b, const int* ldb) {
  code().blas->trmm(*side, *uplo, *trans, *diag, *m, *n, *alpha, a, *lda, b, *ldb);
  return 0;
}

int kintsugi_dtrsm(const char* side, const char* uplo, const char* trans, const char* diag, const int* m, const int* n,
                   const double* alpha, const double* a, const int* lda, double* b, const int* ldb) {
  code().blas->trsm(*side, *uplo, *trans, *diag, *m, *n, *alpha, a, *lda, b, *ldb);
  return 0;
}

}  // extern "C"
