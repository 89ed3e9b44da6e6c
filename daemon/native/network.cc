// Linear algebra and the network's larger operations.

#include "call.h"
#include "conv1d.h"
#include "lstm.h"
#include "mlx/fast.h"
#include "mlx/fft.h"
#include "mlx/random.h"
#include "quantized.h"

namespace tidemark {

namespace {

mx::array matmul(mx::array a, mx::array b) {
  return mx::matmul(a, b);
}

mx::array addmm(mx::array c, mx::array a, mx::array b) {
  return mx::addmm(c, a, b);
}

mx::array layer_norm(mx::array x, mx::array weight, mx::array bias, double epsilon) {
  return mx::fast::layer_norm(x, weight, bias, static_cast<float>(epsilon));
}

mx::array bidirectional_lstm(
    mx::array x,
    mx::array forward_input_weight,
    mx::array forward_hidden_weight,
    mx::array forward_input_bias,
    mx::array forward_hidden_bias,
    mx::array backward_input_weight,
    mx::array backward_hidden_weight,
    mx::array backward_input_bias,
    mx::array backward_hidden_bias) {
  return lstm(
      x,
      {forward_input_weight, forward_hidden_weight, forward_input_bias, forward_hidden_bias},
      {backward_input_weight, backward_hidden_weight, backward_input_bias, backward_hidden_bias});
}

mx::array real_fft(mx::array x) {
  return mx::fft::rfft(x);
}

mx::array inverse_real_fft(mx::array x) {
  return mx::fft::irfft(x);
}

std::vector<mx::array> quantize(mx::array weight, int group_size, int bits) {
  return mx::quantize(weight, group_size, bits);
}

mx::array dequantize(mx::array packed, mx::array scales, mx::array biases, int group_size, int bits) {
  return mx::dequantize(packed, scales, biases, group_size, bits);
}

mx::array quantized_matmul(
    mx::array x, mx::array packed, mx::array scales, mx::array biases, int group_size, int bits) {
  return mx::quantized_matmul(x, packed, scales, biases, /* transpose */ true, group_size, bits);
}

mx::array random_uniform(mx::Shape shape) {
  return mx::random::uniform(shape);
}

mx::array random_normal(mx::Shape shape) {
  return mx::random::normal(shape);
}

} // namespace

void define_network(Napi::Object operations) {
  define(operations, "matmul", matmul);
  define(operations, "addmm", addmm);
  define(operations, "layerNorm", layer_norm);
  define(operations, "conv1d", conv1d);
  define(operations, "convTranspose1d", conv_transpose1d);
  define(operations, "lstm", bidirectional_lstm);
  define(operations, "rfft", real_fft);
  define(operations, "irfft", inverse_real_fft);
  define(operations, "quantize", quantize);
  define(operations, "dequantize", dequantize);
  define(operations, "quantizedMatmul", quantized_matmul);
  define(operations, "blockedQuantizedMatmul", blocked_quantized_matmul);
  define(operations, "randomUniform", random_uniform);
  define(operations, "randomNormal", random_normal);
}

} // namespace tidemark
