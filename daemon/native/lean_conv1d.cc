// The convolutions of the lean strategy: norm, activation, convolution, bias and residual in one operation.
//
// Built from MLX's operations, each of those is an array over the whole utterance. On the CPU this goes over time in tiles
// that stay in a core's cache, and writes into the buffer of the residual where nothing else needs that. What it takes
// beside its inputs and its output is a tile for each thread, and a float32 copy of a narrower weight.
//
// Numbers may be stored as bfloat16; everything is computed in float32. On a GPU, MLX's own operations do the same, what
// belongs together in one kernel.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "call.h"
#include "fused.h"

#ifdef TIDEMARK_OPENBLAS
#include <cblas.h>

#include "cpu_primitive.h"
#include "vectorized.h"
#include "workers.h"
#endif

namespace tidemark {

namespace {

// As in the faithful network's adaptive norm.
constexpr float kEpsilon = 1e-5f;

// What becomes of each number before it is convolved: first x * scale + shift, then the activation.
struct Reading {
  // [batch, 2 * in]: gamma and beta of an adaptive instance norm, whose statistics are over time.
  std::optional<mx::array> style;
  // Where there is no norm.
  float gain;
  // `in` numbers: snake, x + sin(alpha x)^2 / alpha.
  std::optional<mx::array> alpha;
  // Otherwise a leaky ReLU; 1 for none.
  float slope;
};

// Where the results go. A transposed convolution gives `stride` rows for each step; its first `crop` rows are dropped.
struct Writing {
  int stride;
  int crop;
  // Rows before the first, which hold the residual alone.
  int lead;
  int length;
  mx::Dtype dtype;
};

#ifdef TIDEMARK_OPENBLAS

// Numbers of a tile, input and output together: with a tap of the weight they fill half of a core's second-level cache.
constexpr int kTileNumbers = 98304;
constexpr int kSmallestTile = 64;
// The most threads, and so tiles, at a time.
constexpr int kLanes = 8;
// Rows whose sums are taken in float32 before they are added up in double precision.
constexpr int kSumRows = 32;

TIDEMARK_VECTORIZED void widen(const std::uint16_t* from, float* to, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
    to[index] = std::bit_cast<float>(static_cast<std::uint32_t>(from[index]) << 16);
  }
}

// To the nearest, halves to even; what is not finite stays so.
TIDEMARK_VECTORIZED void narrow(const float* from, std::uint16_t* to, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
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

// Adds to `sums` those of x - origin and of its square, by channel.
TIDEMARK_VECTORIZED void add_moments(
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

TIDEMARK_VECTORIZED void add_row(const float* other, float* x, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
    x[index] += other[index];
  }
}

// Rows of numbers as they are stored, read and written as float32.
class Rows {
 public:
  Rows() = default;
  Rows(const mx::array& a, int width)
      : data_(const_cast<char*>(a.data<char>())), width_(width), is_narrow_(a.dtype() == mx::bfloat16) {}

  explicit operator bool() const {
    return data_ != nullptr;
  }

  void read(std::ptrdiff_t row, std::size_t count, float* to) const {
    if (is_narrow_) {
      widen(reinterpret_cast<const std::uint16_t*>(data_) + row * width_, to, count * width_);
    } else {
      std::memcpy(to, reinterpret_cast<const float*>(data_) + row * width_, count * width_ * sizeof(float));
    }
  }

  void write(std::ptrdiff_t row, std::size_t count, const float* from) const {
    if (is_narrow_) {
      narrow(from, reinterpret_cast<std::uint16_t*>(data_) + row * width_, count * width_);
    } else {
      std::memcpy(reinterpret_cast<float*>(data_) + row * width_, from, count * width_ * sizeof(float));
    }
  }

 private:
  char* data_ = nullptr;
  std::ptrdiff_t width_ = 0;
  bool is_narrow_ = false;
};

// One convolution's sizes, as a plain one: `steps` results of `columns` numbers, each over `taps` input rows.
struct Geometry {
  int length;
  int in_channels;
  int out_channels;
  int taps;
  int dilation;
  int padding;
  int steps;
  int columns;
};

// A weight in float32, by taps: each one's matrix times a row of the input gives a row of the output.
struct Taps {
  const float* data;
  // A plain convolution's are [columns, taps * in], transposed; a transposed one's [in, kernel * out] as they are stored.
  bool is_transposed;
  int row_stride;
  int kernel_columns;

  void multiply(const Geometry& g, int tap, int rows, const float* input, float* output) const {
    const float beta = tap == 0 ? 0.0f : 1.0f;
    const float* a = input + static_cast<std::ptrdiff_t>(tap) * g.dilation * g.in_channels;
    if (!is_transposed) {
      scipy_cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, rows, g.columns, g.in_channels, 1.0f, a, g.in_channels,
          data + static_cast<std::ptrdiff_t>(tap) * g.in_channels, row_stride, beta, output, g.columns);
      return;
    }
    // The last step's kernel rows come first, and may be fewer than a whole stride.
    const int first = (g.taps - 1 - tap) * g.columns;
    const int columns = std::min(g.columns, kernel_columns - first);
    if (tap == 0 && columns < g.columns) {
      std::fill(output, output + static_cast<std::ptrdiff_t>(rows) * g.columns, 0.0f);
    }
    scipy_cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, g.in_channels, 1.0f, a, g.in_channels, data + first,
        row_stride, tap == 0 && columns == g.columns ? 0.0f : 1.0f, output, g.columns);
  }
};

// Each channel's scale and shift, alpha and its inverse.
struct ChannelReading {
  std::vector<float> scale;
  std::vector<float> shift;
  std::vector<float> alpha;
  std::vector<float> inverse;
  float slope;

  void apply(float* x, int rows) const {
    const int channels = static_cast<int>(scale.size());
    if (!alpha.empty()) {
      scale_and_snake(x, rows, channels, scale.data(), shift.data(), alpha.data(), inverse.data());
    } else {
      scale_and_leak(x, rows, channels, scale.data(), shift.data(), slope);
    }
  }
};

// Turns each channel's (1 + gamma), beta and statistics over time into its scale and shift.
void normalize(const Rows& input, int length, const float* style, ChannelReading& reading) {
  const int channels = static_cast<int>(reading.scale.size());
  const int parts = std::min(64, (length + kSumRows - 1) / kSumRows);
  std::vector<float> origin(channels);
  input.read(0, 1, origin.data());
  std::vector<double> sums(static_cast<std::size_t>(parts) * 2 * channels, 0.0);
  Workers::shared().run(parts, [&](int part) {
    const int end = static_cast<int>(static_cast<std::int64_t>(length) * (part + 1) / parts);
    double* total = sums.data() + static_cast<std::ptrdiff_t>(part) * 2 * channels;
    std::vector<float> rows(static_cast<std::size_t>(kSumRows + 2) * channels);
    float* first = rows.data() + static_cast<std::ptrdiff_t>(kSumRows) * channels;
    float* second = first + channels;
    for (int row = static_cast<int>(static_cast<std::int64_t>(length) * part / parts); row < end; row += kSumRows) {
      const int count = std::min(kSumRows, end - row);
      input.read(row, count, rows.data());
      add_moments(rows.data(), count, channels, origin.data(), first, second);
      for (int index = 0; index < 2 * channels; ++index) {
        total[index] += first[index];
      }
    }
  });
  for (int channel = 0; channel < channels; ++channel) {
    double first = 0;
    double second = 0;
    for (int part = 0; part < parts; ++part) {
      first += sums[static_cast<std::size_t>(part) * 2 * channels + channel];
      second += sums[(static_cast<std::size_t>(part) * 2 + 1) * channels + channel];
    }
    const double offset = first / length;
    const double variance = std::max(0.0, second / length - offset * offset);
    const double scale = (1.0 + style[channel]) / std::sqrt(variance + kEpsilon);
    reading.scale[channel] = static_cast<float>(scale);
    reading.shift[channel] = static_cast<float>(style[channels + channel] - (origin[channel] + offset) * scale);
  }
}

void convolve_tile(
    const Geometry& g, const Writing& writing, const ChannelReading& reading, const Taps& taps, const float* bias,
    const Rows& input, const Rows& residual, const Rows& output, int begin, int end, float* room) {
  const int rows = end - begin;
  const int reach = (g.taps - 1) * g.dilation;
  const int first = begin - g.padding;
  const auto room_of = [&](int row) { return room + static_cast<std::ptrdiff_t>(row - first) * g.in_channels; };
  const int last = first + rows + reach;
  const int low = std::clamp(first, 0, g.length);
  const int high = std::clamp(last, low, g.length);
  float* results = room_of(last);
  // What is padding is 0 after the norm and the activation.
  std::fill(room, results, 0.0f);
  if (high > low) {
    input.read(low, high - low, room_of(low));
    reading.apply(room_of(low), high - low);
  }

  for (int tap = 0; tap < g.taps; ++tap) {
    taps.multiply(g, tap, rows, room, results);
  }

  const int shift = writing.lead - writing.crop;
  const int from = std::max(begin * writing.stride + shift, writing.lead);
  const int to = std::min(end * writing.stride + shift, writing.length);
  if (from >= to) {
    return;
  }
  results += static_cast<std::ptrdiff_t>(from - shift - begin * writing.stride) * g.out_channels;
  // The input's room is free again, and takes the residual a few rows at a time.
  const int block = std::max(1, (rows + reach) * g.in_channels / g.out_channels);
  for (int row = from; row < to; row += block) {
    const int count = std::min(block, to - row);
    float* block_results = results + static_cast<std::ptrdiff_t>(row - from) * g.out_channels;
    if (residual) {
      residual.read(row, count, room);
      add_row(room, block_results, static_cast<std::size_t>(count) * g.out_channels);
    }
    for (int index = 0; index < count; ++index) {
      add_row(bias, block_results + static_cast<std::ptrdiff_t>(index) * g.out_channels, g.out_channels);
    }
    output.write(row, count, block_results);
  }
}

class TiledConv1d : public mx::UnaryPrimitive {
 public:
  TiledConv1d(Geometry geometry, Writing writing, bool has_residual, bool has_style, bool has_alpha, float gain, float slope)
      : mx::UnaryPrimitive(mx::default_stream(mx::default_device())),
        geometry_(geometry),
        writing_(writing),
        has_residual_(has_residual),
        has_style_(has_style),
        has_alpha_(has_alpha),
        gain_(gain),
        slope_(slope) {}

  // Inputs: x, weight and bias, then what there is of residual, style and alpha.
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    std::size_t next = 3;
    const mx::array* residual = has_residual_ ? &inputs[next++] : nullptr;
    const mx::array* style = has_style_ ? &inputs[next++] : nullptr;
    const mx::array* alpha = has_alpha_ ? &inputs[next++] : nullptr;
    if (residual != nullptr && residual->dtype() == out.dtype() && residual->is_donatable()) {
      out.copy_shared_buffer(*residual);
    } else {
      out.set_data(mx::allocator::malloc(out.nbytes()));
    }

    const auto& g = geometry_;
    const int reach = (g.taps - 1) * g.dilation;
    const int tile = std::clamp(
        kTileNumbers / (g.in_channels + g.columns), kSmallestTile, std::max(kSmallestTile, g.steps));
    const int tiles = (g.steps + tile - 1) / tile;
    const int lanes = std::min({Workers::shared().thread_count(), tiles, kLanes});
    const int lane_numbers = (tile + reach) * g.in_channels + tile * g.columns;
    auto room = scratch({lanes, lane_numbers});

    auto& encoder = mx::cpu::get_command_encoder(stream());
    for (const auto& input : inputs) {
      encoder.set_input_array(input);
    }
    encoder.set_output_array(out);
    encoder.add_temporary(room);

    const auto& weight = inputs[1];
    const float* weight_data = nullptr;
    float* wide_data = nullptr;
    if (weight.dtype() == mx::float32) {
      weight_data = weight.data<float>();
    } else {
      auto wide = scratch(weight.shape());
      wide_data = wide.data<float>();
      weight_data = wide_data;
      encoder.add_temporary(wide);
    }
    const bool is_transposed = writing_.stride > 1;
    const Taps taps{
        weight_data,
        is_transposed,
        static_cast<int>(weight.size() / weight.shape(0)),
        static_cast<int>(weight.size() / weight.shape(0)),
    };
    encoder.dispatch([g,
                      taps,
                      tile,
                      tiles,
                      lanes,
                      lane_numbers,
                      wide_data,
                      writing = writing_,
                      gain = gain_,
                      slope = slope_,
                      narrow_weight = wide_data == nullptr ? nullptr : weight.data<std::uint16_t>(),
                      weight_size = weight.size(),
                      bias = inputs[2].data<float>(),
                      style_data = style == nullptr ? nullptr : style->data<float>(),
                      alpha_data = alpha == nullptr ? nullptr : alpha->data<float>(),
                      input = Rows(inputs[0], g.in_channels),
                      residual_rows = residual == nullptr ? Rows() : Rows(*residual, g.out_channels),
                      output = Rows(out, g.out_channels),
                      room_data = room.data<float>()]() {
      auto& workers = Workers::shared();
      if (wide_data != nullptr) {
        constexpr std::size_t kPart = 1 << 16;
        workers.run(static_cast<int>((weight_size + kPart - 1) / kPart), [&](int part) {
          const std::size_t start = part * kPart;
          widen(narrow_weight + start, wide_data + start, std::min(kPart, weight_size - start));
        });
      }
      ChannelReading reading{
          std::vector<float>(g.in_channels, gain), std::vector<float>(g.in_channels, 0.0f), {}, {}, slope};
      if (alpha_data != nullptr) {
        reading.alpha.assign(alpha_data, alpha_data + g.in_channels);
        reading.inverse.resize(g.in_channels);
        std::transform(alpha_data, alpha_data + g.in_channels, reading.inverse.begin(), [](float each) {
          return 1.0f / each;
        });
      }
      if (style_data != nullptr) {
        normalize(input, g.length, style_data, reading);
      }
      if (writing.lead > 0) {
        std::vector<float> rows(static_cast<std::size_t>(writing.lead) * g.out_channels, 0.0f);
        if (residual_rows) {
          residual_rows.read(0, writing.lead, rows.data());
        }
        output.write(0, writing.lead, rows.data());
      }
      std::atomic<int> next_tile = 0;
      workers.run(lanes, [&](int lane) {
        float* lane_room = room_data + static_cast<std::ptrdiff_t>(lane) * lane_numbers;
        for (int index = next_tile++; index < tiles; index = next_tile++) {
          const int begin = index * tile;
          const int end = std::min(begin + tile, g.steps);
          convolve_tile(g, writing, reading, taps, bias, input, residual_rows, output, begin, end, lane_room);
        }
      });
    });
  }

  void eval_gpu(const std::vector<mx::array>&, mx::array&) override {
    throw std::runtime_error("TiledConv1d is for the CPU, but was sent to a GPU");
  }

  const char* name() const override {
    return "TiledConv1d";
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>&) override {
    return {{1, writing_.length, geometry_.out_channels}};
  }

 private:
  Geometry geometry_;
  Writing writing_;
  bool has_residual_;
  bool has_style_;
  bool has_alpha_;
  float gain_;
  float slope_;
};

// Row-contiguous, and in one of the two dtypes that are read here.
mx::array readable(const mx::array& a) {
  return mx::contiguous(a.dtype() == mx::float32 || a.dtype() == mx::bfloat16 ? a : mx::astype(a, mx::float32));
}

mx::array tiled_conv(
    const mx::array& x, const mx::array& weight, const mx::array& bias, const std::optional<mx::array>& residual,
    const Reading& reading, const Geometry& geometry, const Writing& writing) {
  std::vector<mx::array> inputs{readable(x), readable(weight), as_float32(bias)};
  for (const auto& each : {residual.has_value() ? std::optional(readable(*residual)) : std::nullopt,
                           reading.style.has_value() ? std::optional(as_float32(*reading.style)) : std::nullopt,
                           reading.alpha.has_value() ? std::optional(as_float32(*reading.alpha)) : std::nullopt}) {
    if (each.has_value()) {
      inputs.push_back(*each);
    }
  }
  const auto result = mx::array(
      {1, writing.length, geometry.out_channels},
      writing.dtype == mx::bfloat16 ? mx::bfloat16 : mx::float32,
      std::make_shared<TiledConv1d>(
          geometry, writing, residual.has_value(), reading.style.has_value(), reading.alpha.has_value(), reading.gain,
          reading.slope),
      std::move(inputs));
  return mx::astype(result, writing.dtype);
}

#endif

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
    scale = mx::multiply(mx::add(style[0], mx::array(1.0f)), mx::rsqrt(mx::add(variance, mx::array(kEpsilon))));
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
    return tiled_conv(
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
    return tiled_conv(
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
