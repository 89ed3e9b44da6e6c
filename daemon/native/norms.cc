// What normalizes: the moments of channels over time, scaling and shifting them, and the lengths of a weight's rows.
//
// MLX's CPU wheel runs each operation in one thread, with vectors of the oldest x86-64, and in bfloat16 one number at a time.
// There each of these is one pass over all processors, with MLX's roundings.

#include "call.h"
#include "fused.h"

#ifdef TIDEMARK_OPENBLAS
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "cpu_primitive.h"
#include "mlx/backend/common/unary.h"
#include "vectorized.h"
#include "workers.h"
#endif

namespace tidemark {

namespace {

#ifdef TIDEMARK_OPENBLAS

// Rows of a part. Its moments are those of its rows alone, so that they do not depend on the number of threads.
constexpr int kRows = 512;

// About what a first pass finds to be the rows' mean: the sums of distances from it, and of their squares.
TIDEMARK_VECTORIZED void sum_rows(
    const float* x, int count, int channels, float* center, float* distances, float* squares) {
  std::fill_n(center, channels, 0.0f);
  std::fill_n(distances, channels, 0.0f);
  std::fill_n(squares, channels, 0.0f);
  for (int row = 0; row < count; ++row) {
    const float* values = x + static_cast<std::ptrdiff_t>(row) * channels;
#pragma GCC ivdep
    for (int channel = 0; channel < channels; ++channel) {
      center[channel] += values[channel];
    }
  }
  for (int channel = 0; channel < channels; ++channel) {
    center[channel] /= static_cast<float>(count);
  }
  for (int row = 0; row < count; ++row) {
    const float* values = x + static_cast<std::ptrdiff_t>(row) * channels;
#pragma GCC ivdep
    for (int channel = 0; channel < channels; ++channel) {
      const float distance = values[channel] - center[channel];
      distances[channel] += distance;
      squares[channel] += distance * distance;
    }
  }
}

// The mean over time, then the variance: x [batch, length, channels] -> [2, batch, 1, channels].
class ChannelMoments : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& x = inputs[0];
    const int batch = x.shape(0);
    const int length = x.shape(1);
    const int channels = x.shape(2);
    const int parts = (length + kRows - 1) / kRows;
    out.set_data(mx::allocator::malloc(out.nbytes()));
    auto room = scratch({3 * parts, channels});
    queue(inputs, out, {room}, [=,
                                x_data = x.data<float>(),
                                out_data = out.data<float>(),
                                room_data = room.data<float>()]() {
      for (int item = 0; item < batch; ++item) {
        const float* rows = x_data + static_cast<std::ptrdiff_t>(item) * length * channels;
        const auto sums_of = [&](int part) { return room_data + static_cast<std::ptrdiff_t>(3 * part) * channels; };
        const auto count_of = [&](int part) { return std::min(kRows, length - part * kRows); };
        Workers::shared().run(parts, [&](int part) {
          float* sums = sums_of(part);
          const float* first = rows + static_cast<std::ptrdiff_t>(part) * kRows * channels;
          sum_rows(first, count_of(part), channels, sums, sums + channels, sums + 2 * channels);
        });
        for (int channel = 0; channel < channels; ++channel) {
          const auto center_of = [&](int part) { return static_cast<double>(sums_of(part)[channel]); };
          const auto distances_of = [&](int part) { return static_cast<double>(sums_of(part)[channels + channel]); };
          double sum = 0;
          for (int part = 0; part < parts; ++part) {
            sum += center_of(part) * count_of(part) + distances_of(part);
          }
          const double mean = sum / length;
          double squares = 0;
          for (int part = 0; part < parts; ++part) {
            const double shift = center_of(part) - mean;
            squares += sums_of(part)[2 * channels + channel] + shift * (2 * distances_of(part) + shift * count_of(part));
          }
          const auto index = static_cast<std::ptrdiff_t>(item) * channels + channel;
          out_data[index] = static_cast<float>(mean);
          out_data[static_cast<std::ptrdiff_t>(batch) * channels + index] = static_cast<float>(squares / length);
        }
      }
    });
  }

  const char* name() const override {
    return "ChannelMoments";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    return {{2, inputs[0].shape(0), 1, inputs[0].shape(2)}};
  }
};

TIDEMARK_VECTORIZED void scale_and_shift_rows(
    const float* x, int count, int channels, const float* scale, const float* shift, float* y) {
  for (int row = 0; row < count; ++row, x += channels, y += channels) {
#pragma GCC ivdep
    for (int channel = 0; channel < channels; ++channel) {
      y[channel] = x[channel] * scale[channel] + shift[channel];
    }
  }
}

class ScaleAndShift : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& x = inputs[0];
    mx::set_unary_output_data(x, out);
    queue(inputs, out, {}, [batch = x.shape(0),
                            length = x.shape(1),
                            channels = x.shape(2),
                            x_data = x.data<float>(),
                            scale_data = inputs[1].data<float>(),
                            shift_data = inputs[2].data<float>(),
                            out_data = out.data<float>()]() {
      for (int item = 0; item < batch; ++item) {
        const auto weights = static_cast<std::ptrdiff_t>(item) * channels;
        Workers::shared().in_parts(length, kRows, [&](int first, int end) {
          const auto offset = (static_cast<std::ptrdiff_t>(item) * length + first) * channels;
          scale_and_shift_rows(
              x_data + offset, end - first, channels, scale_data + weights, shift_data + weights, out_data + offset);
        });
      }
    });
  }

  const char* name() const override {
    return "ScaleAndShift";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    return {inputs[0].shape()};
  }
};

// What a dtype keeps of float32 numbers.
template <typename T>
TIDEMARK_INLINE void round_to(Vector& numbers) {
  T kept[kWidth];
  store(kept, numbers);
  load(numbers, kept);
}

// v / |v| * g, with 1e-7 added to |v|; each step is rounded to T, the sum over squares at its end.
template <typename T>
TIDEMARK_INLINE void normalize_row(const T* v, int count, float g, T* out) {
  const int whole = count / kWidth * kWidth;
  Vector numbers;
  Vector sums{};
  for (int index = 0; index < count; index += kWidth) {
    if (index < whole) {
      load(numbers, v + index);
    } else {
      load_some(numbers, v + index, count - index);
    }
    numbers *= numbers;
    round_to<T>(numbers);
    sums += numbers;
  }
  float sum = 0;
  for (int lane = 0; lane < kWidth; ++lane) {
    sum += sums[lane];
  }
  const auto rounded = [](float number) { return static_cast<float>(static_cast<T>(number)); };
  const float length = rounded(rounded(std::sqrt(rounded(sum))) + rounded(1e-7f));
  for (int index = 0; index < count; index += kWidth) {
    if (index < whole) {
      load(numbers, v + index);
    } else {
      load_some(numbers, v + index, count - index);
    }
    numbers /= length;
    round_to<T>(numbers);
    numbers *= g;
    if (index < whole) {
      store(out + index, numbers);
    } else {
      store_some(out + index, numbers, count - index);
    }
  }
}

TIDEMARK_VECTORIZED void normalize(const float* v, int count, float g, float* out) {
  normalize_row(v, count, g, out);
}

TIDEMARK_VECTORIZED void normalize(const mx::bfloat16_t* v, int count, float g, mx::bfloat16_t* out) {
  normalize_row(v, count, g, out);
}

// {direction [outer, ...], magnitude [outer, 1, 1]} -> as direction.
class WeightNorm : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    if (out.dtype() == mx::bfloat16) {
      eval<mx::bfloat16_t>(inputs, out);
    } else {
      eval<float>(inputs, out);
    }
  }

  const char* name() const override {
    return "WeightNorm";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    return {inputs[0].shape()};
  }

 private:
  template <typename T>
  void eval(const std::vector<mx::array>& inputs, mx::array& out) {
    const auto& direction = inputs[0];
    out.set_data(mx::allocator::malloc(out.nbytes()));
    queue(inputs, out, {}, [outer = direction.shape(0),
                            size = static_cast<int>(direction.size() / direction.shape(0)),
                            direction_data = direction.data<T>(),
                            magnitude_data = inputs[1].data<T>(),
                            out_data = out.data<T>()]() {
      constexpr int kNumbersOfPart = 1 << 15;
      Workers::shared().in_parts(outer, std::max(1, kNumbersOfPart / size), [&](int first, int end) {
        for (int row = first; row < end; ++row) {
          const auto offset = static_cast<std::ptrdiff_t>(row) * size;
          normalize(direction_data + offset, size, static_cast<float>(magnitude_data[row]), out_data + offset);
        }
      });
    });
  }
};

bool scales_channels(const mx::array& x, const mx::array& scale, const mx::array& shift) {
  const auto fits = [&x](const mx::array& a) {
    return a.dtype() == mx::float32 && a.shape() == mx::Shape{x.shape(0), 1, x.shape(2)};
  };
  return on_cpu() && x.ndim() == 3 && x.dtype() == mx::float32 && x.size() > 0 && fits(scale) && fits(shift);
}

#endif

// x [batch, length, channels] -> the mean and the variance of each channel over its length, [batch, 1, channels].
std::vector<mx::array> moments(mx::array x) {
  if (x.ndim() != 3 || x.size() == 0) {
    throw std::invalid_argument("x must be [batch, length, channels], and not be empty");
  }
#ifdef TIDEMARK_OPENBLAS
  if (on_cpu() && x.dtype() == mx::float32) {
    auto both = mx::split(node_of<ChannelMoments>({mx::contiguous(x)}), 2, 0);
    return {mx::squeeze(both[0], 0), mx::squeeze(both[1], 0)};
  }
#endif
  const auto average = mx::mean(x, 1, /* keepdims */ true);
  return {average, mx::mean(mx::square(mx::subtract(x, average)), 1, /* keepdims */ true)};
}

// {x, scale, shift} -> {x * scale + shift}.
std::vector<mx::array> scaled_and_shifted(const std::vector<mx::array>& in) {
  return {mx::add(mx::multiply(in[0], in[1]), in[2])};
}

mx::array scale_and_shift(mx::array x, mx::array scale, mx::array shift) {
#ifdef TIDEMARK_OPENBLAS
  if (scales_channels(x, scale, shift)) {
    return node_of<ScaleAndShift>({mx::contiguous(x), mx::contiguous(scale), mx::contiguous(shift)});
  }
#endif
  return fused<scaled_and_shifted>({x, scale, shift})[0];
}

// g v / |v| (Salimans and Kingma, 2016), with mlx-audio's 1e-7 added to |v|, which is over all axes but the first: direction
// [outer, a, b], magnitude [outer, 1, 1] -> as direction.
mx::array weight_norm(mx::array direction, mx::array magnitude) {
  if (direction.ndim() != 3 || direction.size() == 0 || magnitude.shape() != mx::Shape{direction.shape(0), 1, 1}) {
    throw std::invalid_argument("the direction must be [outer, a, b] and the magnitude [outer, 1, 1]");
  }
#ifdef TIDEMARK_OPENBLAS
  const auto dtype = direction.dtype();
  if (on_cpu() && dtype == magnitude.dtype() && (dtype == mx::float32 || dtype == mx::bfloat16)) {
    return node_of_dtype<WeightNorm>(dtype, {mx::contiguous(direction), mx::contiguous(magnitude)});
  }
#endif
  const auto length = mx::sqrt(mx::sum(mx::square(direction), {1, 2}, /* keepdims */ true));
  const auto positive = mx::add(length, mx::array(1e-7f, length.dtype()));
  return mx::multiply(mx::divide(direction, positive), magnitude);
}

} // namespace

const Table tables::norms = {
    {"moments", call<moments>},
    {"scaleAndShift", call<scale_and_shift>},
    {"weightNorm", call<weight_norm>},
};

} // namespace tidemark
