// A convolution over time on the CPU, in tiles that stay in a core's cache, which reads and writes numbers as they are stored.
//
// Beside its inputs and its output it takes a tile for each thread, and either a float32 copy of a narrower weight or the room of
// a spectral convolution. It writes into the buffer of the residual where nothing else needs that.
#pragma once

#include <optional>

#include "mlx/array.h"

namespace tidemark {

namespace mx = mlx::core;

// As in the faithful network's adaptive norm.
constexpr float kNormEpsilon = 1e-5f;

// What becomes of each number before it is convolved: x * scale + shift, then the activation.
struct Reading {
  // [1, 2 * in]: gamma and beta of an adaptive instance norm, whose statistics are over time.
  std::optional<mx::array> style;
  // Where there is no norm.
  float gain;
  // `in` numbers: snake, x + sin(alpha x)^2 / alpha.
  std::optional<mx::array> alpha;
  // Otherwise a leaky ReLU; 1 for none.
  float slope;
};

// The sizes of a convolution as a plain one: `steps` results of `columns` numbers, each over `taps` input rows.
struct ConvGeometry {
  int length;
  int in_channels;
  int out_channels;
  int taps;
  int dilation;
  int padding;
  int steps;
  int columns;
};

// Where the results go. A transposed convolution gives `stride` rows for each step, of which the first `crop` are dropped.
struct Writing {
  int stride;
  int crop;
  // Rows before the first, which hold the residual alone.
  int lead;
  // Of all rows.
  int length;
  mx::Dtype dtype;
};

// x [1, length, in] -> [1, writing.length, out]. The weight is [out, taps, in], or [in, kernel, out] where the stride is above 1.
mx::array tiled_conv1d(
    const mx::array& x, const mx::array& weight, const mx::array& bias, const std::optional<mx::array>& residual,
    const Reading& reading, const ConvGeometry& geometry, const Writing& writing);

} // namespace tidemark
