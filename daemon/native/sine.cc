// The CPU wheel of MLX 0.32 is built for the oldest x86-64, so its sine takes one number at a time: 16 ns each, which made
// the snake activations of one sentence as expensive as its convolutions. This one is a loop that the compiler vectorizes
// for the processor that it finds, at less than 1 ns a number.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "call.h"
#include "fused.h"

#ifdef TIDEMARK_OPENBLAS
#include "cpu_primitive.h"
#include "mlx/backend/common/unary.h"
#include "vectorized.h"
#include "workers.h"
#endif

namespace tidemark {

namespace {

#ifdef TIDEMARK_OPENBLAS

// Beyond it, the multiple of pi that is taken off below is rounded by more than 2e-9.
constexpr float kLargest = 1 << 24;

// In double precision throughout, so that little but the last rounding, to float, is left of the error: the remainder
// after the nearest multiple of pi, from -pi/2 to pi/2, goes into the Taylor series up to the 13th power, whose next
// term is below 1e-9 there.
TIDEMARK_VECTORIZED void sines(const float* x, float* y, std::size_t count) {
  // Adding and subtracting it rounds a double to an integer, whose lowest bit is then the sum's.
  constexpr double kRound = 6755399441055744.0; // 1.5 * 2^52
  constexpr double kInversePi = 0.31830988618379067154;
  constexpr double kPi = 3.14159265358979311600;
  constexpr double kPiRest = 1.22464679914735317636e-16;

  bool fits = true;
  for (std::size_t index = 0; index < count; ++index) {
    fits &= std::abs(x[index]) < kLargest;
  }
  if (!fits) {
    for (std::size_t index = 0; index < count; ++index) {
      y[index] = std::sin(x[index]);
    }
    return;
  }
  // The output may be the input, which a compiler must not take for a dependence between turns.
#pragma GCC ivdep
  for (std::size_t index = 0; index < count; ++index) {
    const double value = x[index];
    const double rounded = value * kInversePi + kRound;
    const double multiple = rounded - kRound;
    const double rest = (value - multiple * kPi) - multiple * kPiRest;
    const double square = rest * rest;
    double series = 1.0 / 6227020800.0;
    series = series * square - 1.0 / 39916800.0;
    series = series * square + 1.0 / 362880.0;
    series = series * square - 1.0 / 5040.0;
    series = series * square + 1.0 / 120.0;
    series = series * square - 1.0 / 6.0;
    series = series * square * rest + rest;
    // An odd multiple of pi turns the sign.
    const std::uint64_t sign = std::bit_cast<std::uint64_t>(rounded) << 63;
    y[index] = static_cast<float>(std::bit_cast<double>(std::bit_cast<std::uint64_t>(series) ^ sign));
  }
}

// The same in single precision, with pi in parts so short that their products with a multiple below 2^12 are exact (Cody and
// Waite, 1980), and a polynomial of least error from -pi/2 to pi/2. No sign is kept, since the sine is squared.
constexpr float kLargestOfSnake = 8192.0f;

TIDEMARK_VECTORIZED void snakes(
    const float* x, int count, int channels, const float* alpha, const float* inverse, float* y) {
  constexpr float kRound = 12582912.0f; // 1.5 * 2^23
  constexpr float kInversePi = 0.318309886f;
  for (int row = 0; row < count; ++row, x += channels, y += channels) {
    bool fits = true;
    for (int channel = 0; channel < channels; ++channel) {
      fits &= std::abs(x[channel] * alpha[channel]) < kLargestOfSnake;
    }
    if (!fits) {
      for (int channel = 0; channel < channels; ++channel) {
        const float sine = std::sin(x[channel] * alpha[channel]);
        y[channel] = x[channel] + sine * sine * inverse[channel];
      }
      continue;
    }
#pragma GCC ivdep
    for (int channel = 0; channel < channels; ++channel) {
      const float value = x[channel] * alpha[channel];
      const float multiple = (value * kInversePi + kRound) - kRound;
      const float rest = ((value - multiple * 3.140625f) - multiple * 9.67502594e-4f) - multiple * 1.50995799e-7f;
      const float square = rest * rest;
      float series = -2.3889859e-8f;
      series = series * square + 2.7525562e-6f;
      series = series * square - 1.9840874e-4f;
      series = series * square + 8.3333310e-3f;
      series = series * square - 1.6666667e-1f;
      const float sine = series * square * rest + rest;
      y[channel] = x[channel] + sine * sine * inverse[channel];
    }
  }
}

class VectorSine : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& input = inputs[0];
    // As MLX's own, takes the input's buffer over where nothing else refers to it.
    mx::set_unary_output_data(input, out);
    queue(inputs, out, {}, [x = input.data<float>(), y = out.data<float>(), count = input.data_size()]() {
      // In blocks, so that a number beyond the range slows no more than its own block.
      constexpr std::size_t kBlock = 4096;
      for (std::size_t start = 0; start < count; start += kBlock) {
        sines(x + start, y + start, std::min(kBlock, count - start));
      }
    });
  }

  const char* name() const override {
    return "VectorSine";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    return {inputs[0].shape()};
  }
};

// {x [..., channels], alpha [channels], 1 / alpha [channels]} -> as x.
class Snake : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& x = inputs[0];
    mx::set_unary_output_data(x, out);
    queue(inputs, out, {}, [channels = x.shape(-1),
                            rows = static_cast<int>(x.size() / x.shape(-1)),
                            x_data = x.data<float>(),
                            alpha = inputs[1].data<float>(),
                            inverse = inputs[2].data<float>(),
                            out_data = out.data<float>()]() {
      constexpr int kRowsOfPart = 256;
      Workers::shared().in_parts(rows, kRowsOfPart, [&](int first, int end) {
        const auto offset = static_cast<std::ptrdiff_t>(first) * channels;
        snakes(x_data + offset, end - first, channels, alpha, inverse, out_data + offset);
      });
    });
  }

  const char* name() const override {
    return "Snake";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    return {inputs[0].shape()};
  }
};

#endif

// MLX's own on a GPU and for other dtypes.
mx::array sin(mx::array x) {
#ifdef TIDEMARK_OPENBLAS
  if (x.dtype() == mx::float32 && on_cpu()) {
    return node_of<VectorSine>({mx::contiguous(x)});
  }
#endif
  return mx::sin(x);
}

// {x, alpha, 1 / alpha} -> {x + sin(alpha x)^2 / alpha}.
std::vector<mx::array> snake_of(const std::vector<mx::array>& in) {
  return {mx::add(in[0], mx::multiply(mx::square(tidemark::sin(mx::multiply(in[0], in[1]))), in[2]))};
}

// x [..., channels], alpha [1, ..., channels] -> as x.
mx::array snake(mx::array x, mx::array alpha) {
  const auto inverse = mx::divide(mx::array(1.0f, alpha.dtype()), alpha);
#ifdef TIDEMARK_OPENBLAS
  const bool by_channel = x.ndim() > 0 && x.size() > 0 && alpha.ndim() <= x.ndim() &&
      alpha.size() == static_cast<std::size_t>(x.shape(-1)) && alpha.shape(-1) == x.shape(-1);
  if (on_cpu() && by_channel && x.dtype() == mx::float32) {
    return node_of<Snake>({mx::contiguous(x), as_float32(alpha), as_float32(inverse)});
  }
#endif
  return fused<snake_of>({x, alpha, inverse})[0];
}

} // namespace

const Table tables::sine = {{"sin", call<sin>}, {"snake", call<snake>}};

} // namespace tidemark
