// Single-precision matrix products over all processors.
#pragma once

#include <vector>

#include <cblas.h>

namespace tidemark {

// C [m, n] = alpha * op(A) * op(B) + beta * C, row-major, with BLAS's distances between rows.
struct Product {
  CBLAS_TRANSPOSE transpose_a = CblasNoTrans;
  CBLAS_TRANSPOSE transpose_b = CblasNoTrans;
  blasint m;
  blasint n;
  blasint k;
  float alpha = 1.0f;
  const float* a;
  blasint lda;
  const float* b;
  blasint ldb;
  float beta = 0.0f;
  float* c;
  blasint ldc;
};

// Computes products, none of which may need another's result.
void multiply(const std::vector<Product>& products);

} // namespace tidemark
