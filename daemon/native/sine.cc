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

class VectorSine : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& input = inputs[0];
    // As MLX's own, takes the input's buffer over where nothing else refers to it.
    mx::set_unary_output_data(input, out);
    auto& encoder = mx::cpu::get_command_encoder(stream());
    encoder.set_input_array(input);
    encoder.set_output_array(out);
    encoder.dispatch([x = input.data<float>(), y = out.data<float>(), count = input.data_size()]() {
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

// {x, alpha} -> {x + sin(alpha x)^2 / alpha}.
std::vector<mx::array> snake_of(const std::vector<mx::array>& in) {
  const auto inverse = mx::divide(mx::array(1.0f, in[1].dtype()), in[1]);
  return {mx::add(in[0], mx::multiply(mx::square(tidemark::sin(mx::multiply(in[0], in[1]))), inverse))};
}

mx::array snake(mx::array x, mx::array alpha) {
  return fused<snake_of>({x, alpha})[0];
}

} // namespace

const Table tables::sine = {{"sin", call<sin>}, {"snake", call<snake>}};

} // namespace tidemark
