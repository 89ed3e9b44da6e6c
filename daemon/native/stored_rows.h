// Rows of channels over time as the lean strategy stores them, in float32 or bfloat16, and what becomes of them as they are read.
#pragma once

#include <cstddef>
#include <vector>

#include "mlx/array.h"

namespace tidemark {

namespace mx = mlx::core;

// Read and written as float32.
class StoredRows {
 public:
  StoredRows() = default;
  // Of a row-contiguous array in float32 or bfloat16.
  StoredRows(const mx::array& a, int channels);

  explicit operator bool() const {
    return data_ != nullptr;
  }

  // `count` rows from `row` on.
  void read(std::ptrdiff_t row, std::ptrdiff_t count, float* to) const;
  void write(std::ptrdiff_t row, std::ptrdiff_t count, const float* from) const;

 private:
  char* data_ = nullptr;
  std::ptrdiff_t channels_ = 0;
  bool is_narrow_ = false;
};

// By channel: x * scale + shift, and then snake, x + sin(alpha x)^2 / alpha, or a leaky ReLU.
class ChannelReading {
 public:
  // `alpha` is null for a leaky ReLU, whose slope is 1 for none. `gain` is the scale where there is no norm.
  ChannelReading(int channels, float gain, const float* alpha, float slope);

  // Adaptive instance norm: each channel's statistics over `length` rows, and gamma and beta in `style`.
  void normalize(const StoredRows& input, int length, const float* style);

  void apply(float* x, int rows) const;

 private:
  int channels_;
  float slope_;
  std::vector<float> scale_;
  std::vector<float> shift_;
  std::vector<float> alpha_;
  std::vector<float> inverse_;
};

// x + other, for `count` numbers.
void add_numbers(const float* other, float* x, std::ptrdiff_t count);

} // namespace tidemark
