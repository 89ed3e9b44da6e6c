// Single-precision matrix products over all processors.
#pragma once

#include <cstddef>
#include <functional>
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

// y [rows, out] = x [rows, in] times the transpose of a weight [out, in], row-major, whose rows `expand` writes to where it is
// told. A few rows are expanded at a time, once for all of x: never the whole weight. Several threads call `expand`.
struct ExpandedProduct {
  int rows;
  int in;
  int out;

  // How many float32 numbers multiply() needs room for.
  std::ptrdiff_t room_size() const;

  void multiply(
      const float* x, const std::function<void(int row, float* numbers)>& expand, float* y, float* room) const;
};

} // namespace tidemark
