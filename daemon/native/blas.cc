// Puts OpenBLAS in the place of the reference BLAS that MLX's Linux wheel links.
//
// libmlx leaves these symbols open, and the dynamic linker looks for them in the addon that loads libmlx before it
// looks in the libraries that libmlx names. So the addon exports them, and forwards to OpenBLAS, whose own names carry
// a prefix in scipy's build.

#include <cblas.h>

#include "gemm.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED void cblas_sgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, blasint m, blasint n, blasint k,
    float alpha, const float* a, blasint lda, const float* b, blasint ldb, float beta, float* c, blasint ldc) {
  if (order == CblasRowMajor) {
    tidemark::multiply({{transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc}});
  } else {
    // A column-major product is the row-major one of the transposes.
    tidemark::multiply({{transpose_b, transpose_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc}});
  }
}

EXPORTED void cblas_dgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, blasint m, blasint n, blasint k,
    double alpha, const double* a, blasint lda, const double* b, blasint ldb, double beta, double* c, blasint ldc) {
  scipy_cblas_dgemm(order, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

EXPORTED void cblas_cgemm(
    CBLAS_ORDER order, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, blasint m, blasint n, blasint k,
    const void* alpha, const void* a, blasint lda, const void* b, blasint ldb, const void* beta, void* c, blasint ldc) {
  scipy_cblas_cgemm(order, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
