// The convolutions of the lean strategy: norm, activation, convolution, bias and residual in one operation.
//
// Built from MLX's operations, each of those is an array over the whole utterance. On the CPU one operation does all of it, in
// tiles. On a GPU they are MLX's, what belongs together in one kernel. Numbers may be stored as bfloat16; norm, activation and
// sums are computed in float32.

#include <optional>

#include "call.h"
#include "fused.h"
#include "tiled_conv1d.h"

#ifdef TIDEMARK_OPENBLAS
#include "cpu_primitive.h"
#endif

namespace tidemark {

namespace {

// {x, scale, shift, alpha} -> snake(x * scale + shift), in float32.
std::vector<mx::array> scaled_snake(const std::vector<mx::array>& in) {
  const auto value = mx::add(mx::multiply(mx::astype(in[0], mx::float32), in[1]), in[2]);
  const auto sine = mx::sin(mx::multiply(value, in[3]));
  return {mx::add(value, mx::divide(mx::square(sine), in[3]))};
}

// {x, scale, shift, slope} -> leaky ReLU of x * scale + shift, in float32.
std::vector<mx::array> scaled_leak(const std::vector<mx::array>& in) {
  const auto value = mx::add(mx::multiply(mx::astype(in[0], mx::float32), in[1]), in[2]);
  return {mx::maximum(value, mx::multiply(value, in[3]))};
}

// By MLX's operations: what is convolved, in the dtype that results are stored in.
mx::array read_by_mlx(const mx::array& x, const Reading& reading, mx::Dtype dtype) {
  const int channels = x.shape(2);
  auto scale = mx::array(reading.gain);
  auto shift = mx::array(0.0f);
  if (reading.style.has_value()) {
    const auto style = mx::split(mx::reshape(mx::astype(*reading.style, mx::float32), {1, 1, 2 * channels}), 2, 2);
    const auto wide = mx::astype(x, mx::float32);
    const auto average = mx::mean(wide, 1, true);
    const auto variance = mx::mean(mx::square(mx::subtract(wide, average)), 1, true);
    scale = mx::multiply(mx::add(style[0], mx::array(1.0f)), mx::rsqrt(mx::add(variance, mx::array(kNormEpsilon))));
    shift = mx::subtract(style[1], mx::multiply(average, scale));
  }
  const auto wide = reading.alpha.has_value()
      ? fused<scaled_snake>(
            {x, scale, shift, mx::reshape(mx::astype(*reading.alpha, mx::float32), {1, 1, channels})})[0]
      : fused<scaled_leak>({x, scale, shift, mx::array(reading.slope)})[0];
  return mx::astype(wide, dtype);
}

// {convolved, bias, residual} -> their sum, in float32.
std::vector<mx::array> sum_of_three(const std::vector<mx::array>& in) {
  return {mx::add(mx::add(mx::astype(in[0], mx::float32), in[1]), in[2])};
}

mx::array write_by_mlx(
    const mx::array& convolved, const mx::array& bias, const std::optional<mx::array>& residual, mx::Dtype dtype) {
  const auto other = residual.has_value() ? *residual : mx::array(0.0f);
  return mx::astype(fused<sum_of_three>({convolved, bias, other})[0], dtype);
}

void check(const mx::array& x, const mx::array& bias, int in_channels, int out_channels, const Reading& reading) {
  if (x.ndim() != 3 || x.shape(0) != 1 || x.shape(1) < 1 || x.shape(2) != in_channels) {
    throw std::invalid_argument("x must be [1, length, in], with as many channels as the weight");
  }
  const auto is = [](const std::optional<mx::array>& a, int size) { return !a.has_value() || static_cast<int>(a->size()) == size; };
  if (static_cast<int>(bias.size()) != out_channels || !is(reading.style, 2 * in_channels) || !is(reading.alpha, in_channels)) {
    throw std::invalid_argument("bias, style or alpha does not have the channels of the weight");
  }
}

void check_residual(const std::optional<mx::array>& residual, int length, int out_channels) {
  if (residual.has_value() && residual->shape() != mx::Shape{1, length, out_channels}) {
    throw std::invalid_argument("the residual must have the shape of the result");
  }
}

// x [1, length, in], weight [out, kernel, in], of stride 1 -> [1, length', out].
mx::array lean_conv1d(
    mx::array x, mx::array weight, mx::array bias, std::optional<mx::array> residual, std::optional<mx::array> style,
    std::optional<mx::array> alpha, double gain, double slope, int padding, int dilation, mx::Dtype dtype) {
  const Reading reading{style, static_cast<float>(gain), alpha, static_cast<float>(slope)};
  if (weight.ndim() != 3 || padding < 0 || dilation < 1) {
    throw std::invalid_argument("the weight must be [out, kernel, in], padding at least 0, dilation at least 1");
  }
  check(x, bias, weight.shape(2), weight.shape(0), reading);
  const int length = x.shape(1) + 2 * padding - dilation * (weight.shape(1) - 1);
  if (length < 1) {
    throw std::invalid_argument("the kernel is longer than the padded input");
  }
  check_residual(residual, length, weight.shape(0));
#ifdef TIDEMARK_OPENBLAS
  if (on_cpu()) {
    return tiled_conv1d(
        x, weight, bias, residual, reading,
        {x.shape(1), weight.shape(2), weight.shape(0), weight.shape(1), dilation, padding, length, weight.shape(0)},
        {1, 0, 0, length, dtype});
  }
#endif
  const auto convolved =
      mx::conv1d(read_by_mlx(x, reading, dtype), mx::astype(weight, dtype), 1, padding, dilation);
  return write_by_mlx(convolved, bias, residual, dtype);
}

// x [1, length, in], weight [in, kernel, out] as it is stored -> [1, lead + (length - 1) * stride - 2 * padding + kernel, out].
mx::array lean_conv_transpose1d(
    mx::array x, mx::array weight, mx::array bias, std::optional<mx::array> residual, double gain, double slope,
    int stride, int padding, int lead, mx::Dtype dtype) {
  const Reading reading{std::nullopt, static_cast<float>(gain), std::nullopt, static_cast<float>(slope)};
  if (weight.ndim() != 3 || stride < 2 || padding < 0 || lead < 0) {
    throw std::invalid_argument("the weight must be [in, kernel, out], the stride at least 2, padding and lead at least 0");
  }
  check(x, bias, weight.shape(0), weight.shape(2), reading);
  const int kernel = weight.shape(1);
  const int out_channels = weight.shape(2);
  const int length = lead + (x.shape(1) - 1) * stride - 2 * padding + kernel;
  if (length <= lead) {
    throw std::invalid_argument("nothing is left inside the padding");
  }
  check_residual(residual, length, out_channels);
#ifdef TIDEMARK_OPENBLAS
  if (on_cpu()) {
    const int taps = (kernel + stride - 1) / stride;
    return tiled_conv1d(
        x, weight, bias, residual, reading,
        {x.shape(1), weight.shape(0), out_channels, taps, 1, taps - 1, x.shape(1) + taps - 1, stride * out_channels},
        {stride, padding, lead, length, dtype});
  }
#endif
  const auto convolved = mx::conv_transpose1d(
      read_by_mlx(x, reading, dtype), mx::astype(mx::transpose(weight, {2, 1, 0}), dtype), stride, padding);
  const auto whole = write_by_mlx(convolved, bias, std::nullopt, dtype);
  const auto led = lead == 0 ? whole : mx::pad(whole, {{0, 0}, {lead, 0}, {0, 0}});
  return residual.has_value() ? mx::add(led, mx::astype(*residual, dtype)) : led;
}

} // namespace

const Table tables::lean_convolutions = {
    {"leanConv1d", call<lean_conv1d>},
    {"leanConvTranspose1d", call<lean_conv_transpose1d>},
};

} // namespace tidemark
