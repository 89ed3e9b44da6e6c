// OpenBLAS cuts a product into one equal part for each processor, and its threads wait for each other in loops. Where any
// other program keeps a processor busy, each product takes as long as the slowest part: with one such program on two
// processors a sentence took two to four times as long. Here products are cut into more parts than there are threads,
// and OpenBLAS works on each part in the thread that calls it.

#include "gemm.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>

#include "workers.h"

namespace tidemark {

namespace {

// Below this many multiplications, about 0.1 ms, waking another thread costs more than it gains.
constexpr double kSmall = 4e6;
// Parts for each thread: the more there are, the less a delayed thread delays the others.
constexpr int kPartsPerThread = 8;
// The fewest rows or columns of a part, so that the copies that OpenBLAS makes of the other operand are worth it.
constexpr blasint kSmallestPart = 64;

// Rows of an expanded weight that a thread makes at a time.
constexpr int kBlock = 32;
// The most threads that expand at the same time, so that many processors do not add up to the whole weight.
constexpr int kLanes = 8;

double multiplications(const Product& product) {
  return static_cast<double>(product.m) * product.n * product.k;
}

void multiply_alone(const Product& p) {
  scipy_cblas_sgemm(
      CblasRowMajor, p.transpose_a, p.transpose_b, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, p.c, p.ldc);
}

Product rows_of(const Product& product, blasint start, blasint count) {
  Product part = product;
  const auto offset = static_cast<std::ptrdiff_t>(start);
  part.m = count;
  part.a += product.transpose_a == CblasNoTrans ? offset * product.lda : offset;
  part.c += offset * product.ldc;
  return part;
}

Product columns_of(const Product& product, blasint start, blasint count) {
  Product part = product;
  const auto offset = static_cast<std::ptrdiff_t>(start);
  part.n = count;
  part.b += product.transpose_b == CblasNoTrans ? offset : offset * product.ldb;
  part.c += offset;
  return part;
}

// Cuts a product along its longer side into parts of about `work` multiplications.
void cut(const Product& product, double work, std::vector<Product>& parts) {
  const blasint longer = std::max(product.m, product.n);
  const auto wanted = static_cast<blasint>(std::ceil(multiplications(product) / work));
  const blasint count = std::clamp<blasint>(wanted, 1, std::max<blasint>(1, longer / kSmallestPart));
  // A multiple of 16, which OpenBLAS's kernels work on at a time.
  const blasint length = ((longer + count - 1) / count + 15) / 16 * 16;
  for (blasint start = 0; start < longer; start += length) {
    const blasint size = std::min(length, longer - start);
    parts.push_back(product.m >= product.n ? rows_of(product, start, size) : columns_of(product, start, size));
  }
}

} // namespace

void multiply(const std::vector<Product>& products) {
  auto& workers = Workers::shared();
  const double work = std::transform_reduce(products.begin(), products.end(), 0.0, std::plus<>(), multiplications);
  if (workers.thread_count() == 1 || work < kSmall) {
    std::for_each(products.begin(), products.end(), multiply_alone);
    return;
  }
  std::vector<Product> parts;
  for (const auto& product : products) {
    cut(product, work / (kPartsPerThread * workers.thread_count()), parts);
  }
  workers.run(static_cast<int>(parts.size()), [&parts](int index) { multiply_alone(parts[index]); });
}

std::ptrdiff_t ExpandedProduct::room_size() const {
  const int blocks = (out + kBlock - 1) / kBlock;
  return static_cast<std::ptrdiff_t>(std::min({Workers::shared().thread_count(), blocks, kLanes})) * kBlock * in;
}

void ExpandedProduct::multiply(
    const float* x, const std::function<void(int, float*)>& expand, float* y, float* room) const {
  const int lanes = static_cast<int>(room_size() / kBlock / in);
  std::atomic<int> next = 0;
  // A lane is a block's place in the room; the thread that runs it takes one block after the other.
  Workers::shared().run(lanes, [&](int lane) {
    float* block = room + static_cast<std::ptrdiff_t>(lane) * kBlock * in;
    for (int first = kBlock * next++; first < out; first = kBlock * next++) {
      const int count = std::min(kBlock, out - first);
      for (int row = 0; row < count; ++row) {
        expand(first + row, block + static_cast<std::ptrdiff_t>(row) * in);
      }
      scipy_cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, rows, count, in, 1.0f, x, in, block, in, 0.0f, y + first, out);
    }
  });
}

} // namespace tidemark
