#include "stored_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>

#include "tiled_conv1d.h"
#include "vectorized.h"
#include "workers.h"

namespace tidemark {

namespace {

// Rows whose sums are taken in float32 before they are added up in double precision.
constexpr int kSumRows = 32;
// The most parts of the rows whose sums are taken by one thread each.
constexpr int kSumParts = 64;

TIDEMARK_VECTORIZED void widen(const std::uint16_t* from, float* to, std::ptrdiff_t count) {
  for (std::ptrdiff_t index = 0; index < count; ++index) {
    to[index] = std::bit_cast<float>(static_cast<std::uint32_t>(from[index]) << 16);
  }
}

// To the nearest, halves to even; what is not finite stays so.
TIDEMARK_VECTORIZED void narrow(const float* from, std::uint16_t* to, std::ptrdiff_t count) {
  for (std::ptrdiff_t index = 0; index < count; ++index) {
    const auto bits = std::bit_cast<std::uint32_t>(from[index]);
    const std::uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
    to[index] = static_cast<std::uint16_t>(is_nan ? 0x7fc0 : rounded);
  }
}

TIDEMARK_VECTORIZED void scale_and_leak(
    float* x, int rows, int channels, const float* scale, const float* shift, float slope) {
  for (int row = 0; row < rows; ++row, x += channels) {
    for (int channel = 0; channel < channels; ++channel) {
      const float value = x[channel] * scale[channel] + shift[channel];
      x[channel] = std::max(value, value * slope);
    }
  }
}

// The square of a sine has pi as its period, and no sign.
TIDEMARK_VECTORIZED void scale_and_snake(
    float* x, int rows, int channels, const float* scale, const float* shift, const float* alpha, const float* inverse) {
  constexpr float kRound = 12582912.0f; // 1.5 * 2^23: adding and subtracting it rounds to an integer.
  constexpr float kInversePi = 0.318309886f;
  constexpr float kPi = 3.140625f;
  constexpr float kPiRest = 9.67653589793e-4f;
  constexpr float kHalfPi = 1.5707964f;
  for (int row = 0; row < rows; ++row, x += channels) {
    for (int channel = 0; channel < channels; ++channel) {
      const float value = x[channel] * scale[channel] + shift[channel];
      const float angle = value * alpha[channel];
      const float multiple = (angle * kInversePi + kRound) - kRound;
      float rest = (angle - multiple * kPi) - multiple * kPiRest;
      // An angle beyond 2^22 has no digit left that tells its sine.
      rest = std::min(std::max(rest, -kHalfPi), kHalfPi);
      const float square = rest * rest;
      // Taylor's series of sin(rest) / rest, up to the 10th power.
      float series = -2.50521084e-8f;
      series = series * square + 2.75573192e-6f;
      series = series * square - 1.98412698e-4f;
      series = series * square + 8.33333333e-3f;
      series = series * square - 0.166666667f;
      series = series * square + 1.0f;
      x[channel] = value + series * series * square * inverse[channel];
    }
  }
}

// By channel, the sums of x - origin and of its square.
TIDEMARK_VECTORIZED void sum_moments(
    const float* x, int rows, int channels, const float* origin, float* first, float* second) {
  std::fill(first, first + channels, 0.0f);
  std::fill(second, second + channels, 0.0f);
  for (int row = 0; row < rows; ++row, x += channels) {
    for (int channel = 0; channel < channels; ++channel) {
      const float value = x[channel] - origin[channel];
      first[channel] += value;
      second[channel] += value * value;
    }
  }
}

TIDEMARK_VECTORIZED void add(const float* other, float* x, std::ptrdiff_t count) {
  for (std::ptrdiff_t index = 0; index < count; ++index) {
    x[index] += other[index];
  }
}

} // namespace

void add_numbers(const float* other, float* x, std::ptrdiff_t count) {
  add(other, x, count);
}

StoredRows::StoredRows(const mx::array& a, int channels)
    : data_(const_cast<char*>(a.data<char>())), channels_(channels), is_narrow_(a.dtype() == mx::bfloat16) {}

void StoredRows::read(std::ptrdiff_t row, std::ptrdiff_t count, float* to) const {
  if (is_narrow_) {
    widen(reinterpret_cast<const std::uint16_t*>(data_) + row * channels_, to, count * channels_);
  } else {
    std::copy_n(reinterpret_cast<const float*>(data_) + row * channels_, count * channels_, to);
  }
}

void StoredRows::write(std::ptrdiff_t row, std::ptrdiff_t count, const float* from) const {
  if (is_narrow_) {
    narrow(from, reinterpret_cast<std::uint16_t*>(data_) + row * channels_, count * channels_);
  } else {
    std::copy_n(from, count * channels_, reinterpret_cast<float*>(data_) + row * channels_);
  }
}

ChannelReading::ChannelReading(int channels, float gain, const float* alpha, float slope)
    : channels_(channels), slope_(slope), scale_(channels, gain), shift_(channels, 0.0f) {
  if (alpha != nullptr) {
    alpha_.assign(alpha, alpha + channels);
    inverse_.resize(channels);
    std::transform(alpha, alpha + channels, inverse_.begin(), [](float each) { return 1.0f / each; });
  }
}

void ChannelReading::normalize(const StoredRows& input, int length, const float* style) {
  const int parts = std::min(kSumParts, (length + kSumRows - 1) / kSumRows);
  const auto begin_of = [&](int part) { return static_cast<int>(static_cast<std::int64_t>(length) * part / parts); };
  // Of differences from the first row, so that a mean far from zero does not hide the variance.
  std::vector<float> origin(channels_);
  input.read(0, 1, origin.data());
  std::vector<double> sums(static_cast<std::size_t>(parts) * 2 * channels_, 0.0);
  Workers::shared().run(parts, [&](int part) {
    double* total = sums.data() + static_cast<std::ptrdiff_t>(part) * 2 * channels_;
    std::vector<float> rows(static_cast<std::size_t>(kSumRows + 2) * channels_);
    float* first = rows.data() + static_cast<std::ptrdiff_t>(kSumRows) * channels_;
    for (int row = begin_of(part), end = begin_of(part + 1); row < end; row += kSumRows) {
      const int count = std::min(kSumRows, end - row);
      input.read(row, count, rows.data());
      sum_moments(rows.data(), count, channels_, origin.data(), first, first + channels_);
      std::transform(total, total + 2 * channels_, first, total, std::plus<>());
    }
  });
  for (int channel = 0; channel < channels_; ++channel) {
    double first = 0;
    double second = 0;
    for (int part = 0; part < parts; ++part) {
      first += sums[static_cast<std::size_t>(part) * 2 * channels_ + channel];
      second += sums[(static_cast<std::size_t>(part) * 2 + 1) * channels_ + channel];
    }
    const double offset = first / length;
    const double variance = std::max(0.0, second / length - offset * offset);
    const double scale = (1.0 + style[channel]) / std::sqrt(variance + kNormEpsilon);
    scale_[channel] = static_cast<float>(scale);
    shift_[channel] = static_cast<float>(style[channels_ + channel] - (origin[channel] + offset) * scale);
  }
}

void ChannelReading::apply(float* x, int rows) const {
  if (alpha_.empty()) {
    scale_and_leak(x, rows, channels_, scale_.data(), shift_.data(), slope_);
  } else {
    scale_and_snake(x, rows, channels_, scale_.data(), shift_.data(), alpha_.data(), inverse_.data());
  }
}

} // namespace tidemark
