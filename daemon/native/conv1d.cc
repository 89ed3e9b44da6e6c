// 1-D convolutions: MLX's own on a GPU, matrix products on the CPU.
//
// There MLX 0.32 unfolds a plain convolution's whole input (kernel times its size) before the matrix product,
// and takes a scalar loop for dilated and transposed ones. Both are avoided here.
//
// In channels-last order the window of output row t is one run of kernel * in numbers, and the windows of successive
// rows start `stride * in` numbers apart. So the unfolded matrix is a view of the input with overlapping rows, and
// nothing needs to be copied but the few rows at the borders, whose windows reach into the padding. BLAS wants rows that
// do not overlap: every ceil(kernel / stride)-th output row has such windows, so that many matrix products, each with the
// whole kernel as its inner dimension, make the convolution.
//
// A dilated convolution is `dilation` plain ones, each over every dilation-th row, after one copy that brings those
// rows together. A transposed one whose output is read as [length, stride * out] is a plain one too, with a rearranged
// weight. Long convolutions with stride 1, dilated or not, take Fourier transforms instead (spectral_conv.h).

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "call.h"

#ifdef TIDEMARK_OPENBLAS
#include "cpu_primitive.h"
#include "gemm.h"
#include "spectral_conv.h"
#endif

namespace tidemark {

namespace {

int output_length(int length, int kernel, int stride, int padding, int dilation) {
  return (length + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

#ifdef TIDEMARK_OPENBLAS

struct Geometry {
  int batch;
  int length;
  int in_channels;
  int out_channels;
  int kernel;
  int stride;
  int padding;
  int dilation;
  int out_length;
};

int ceil_divide(int a, int b) {
  return (a + b - 1) / b;
}

// The output rows [first, end) are those whose whole window lies inside the input.
struct Interior {
  int first;
  int end;
};

Interior interior(const Geometry& g) {
  const int first = std::min(ceil_divide(g.padding, g.stride), g.out_length);
  const int reach = g.length + g.padding - g.kernel;
  return {first, std::max(first, std::min(reach < 0 ? 0 : reach / g.stride + 1, g.out_length))};
}

// One plain convolution of `length` rows of `in_channels`, with its output rows `out_stride` numbers apart. `windows` has
// room for the window of each border row.
void convolve(
    const Geometry& g, const float* input, const float* weight, float* output, int out_stride, float* windows) {
  const int window = g.kernel * g.in_channels;
  const auto [first, end] = interior(g);
  std::vector<Product> products;
  const auto add_rows = [&](const float* rows, int row_stride, int row, int step, int count) {
    products.push_back({
        .transpose_b = CblasTrans,
        .m = count,
        .n = g.out_channels,
        .k = window,
        .a = rows,
        .lda = row_stride,
        .b = weight,
        .ldb = window,
        .c = output + static_cast<std::ptrdiff_t>(row) * out_stride,
        .ldc = step * out_stride,
    });
  };

  // Output rows `interleave` apart have windows that do not overlap.
  const int interleave = ceil_divide(g.kernel, g.stride);
  for (int row = first; row < std::min(first + interleave, end); ++row) {
    const float* rows = input + static_cast<std::ptrdiff_t>(row * g.stride - g.padding) * g.in_channels;
    add_rows(rows, interleave * g.stride * g.in_channels, row, interleave, ceil_divide(end - row, interleave));
  }

  const auto add_border = [&](int begin, int stop) {
    if (begin == stop) {
      return;
    }
    add_rows(windows, window, begin, 1, stop - begin);
    for (int row = begin; row < stop; ++row, windows += window) {
      const int origin = row * g.stride - g.padding;
      const int low = std::max(origin, 0);
      const int high = std::min(origin + g.kernel, g.length);
      std::fill(windows, windows + window, 0.0f);
      if (high > low) {
        std::copy(
            input + static_cast<std::ptrdiff_t>(low) * g.in_channels,
            input + static_cast<std::ptrdiff_t>(high) * g.in_channels,
            windows + static_cast<std::ptrdiff_t>(low - origin) * g.in_channels);
      }
    }
  };
  add_border(0, first);
  add_border(end, g.out_length);
  multiply(products);
}

// Convolves one batch item whose rows are `dilation` apart: each phase is a plain convolution of the rows that share
// a remainder. `phases` holds the input with those rows brought together and zeros as padding.
void convolve_dilated(
    const Geometry& g, const float* input, const float* weight, float* output, float* phases) {
  const int rows = ceil_divide(g.length + 2 * g.padding, g.dilation);
  for (int phase = 0; phase < g.dilation; ++phase) {
    const int out_rows = ceil_divide(g.out_length - phase, g.dilation);
    if (out_rows <= 0) {
      break;
    }
    for (int row = 0; row < rows; ++row) {
      const int source = row * g.dilation + phase - g.padding;
      float* target = phases + static_cast<std::ptrdiff_t>(row) * g.in_channels;
      if (source >= 0 && source < g.length) {
        std::memcpy(
            target, input + static_cast<std::ptrdiff_t>(source) * g.in_channels, sizeof(float) * g.in_channels);
      } else {
        std::fill(target, target + g.in_channels, 0.0f);
      }
    }
    Geometry plain = g;
    plain.length = rows;
    plain.padding = 0;
    plain.dilation = 1;
    plain.out_length = out_rows;
    convolve(
        plain,
        phases,
        weight,
        output + static_cast<std::ptrdiff_t>(phase) * g.out_channels,
        g.dilation * g.out_channels,
        nullptr);
  }
}

class CpuConv1d : public CpuPrimitive {
 public:
  CpuConv1d(int stride, int padding, int dilation) : stride_(stride), padding_(padding), dilation_(dilation) {}

  bool is_equivalent(const mx::Primitive& other) const override {
    const auto& conv = static_cast<const CpuConv1d&>(other);
    return stride_ == conv.stride_ && padding_ == conv.padding_ && dilation_ == conv.dilation_;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    const int length = output_length(inputs[0].shape(1), inputs[1].shape(1), stride_, padding_, dilation_);
    return {{inputs[0].shape(0), length, inputs[1].shape(0)}};
  }

 protected:
  // Queues calls of `convolve` with the geometry, the data of an item's input and output, and room for `room_size` numbers.
  template <typename Convolve>
  void dispatch(
      const std::vector<mx::array>& inputs, mx::array& out, std::ptrdiff_t room_size, const Convolve& convolve) {
    out.set_data(mx::allocator::malloc(out.nbytes()));
    auto room = scratch({static_cast<int>(room_size)});
    queue(inputs, out, {room}, [=,
                                g = geometry(inputs, out),
                                input_data = inputs[0].data<float>(),
                                output_data = out.data<float>(),
                                room_data = room.data<float>()]() {
      for (int item = 0; item < g.batch; ++item) {
        convolve(
            g,
            input_data + static_cast<std::ptrdiff_t>(item) * g.length * g.in_channels,
            output_data + static_cast<std::ptrdiff_t>(item) * g.out_length * g.out_channels,
            room_data);
      }
    });
  }

  Geometry geometry(const std::vector<mx::array>& inputs, const mx::array& out) const {
    const auto& x = inputs[0];
    const auto& weight = inputs[1];
    return {
        x.shape(0), x.shape(1), x.shape(2), weight.shape(0), weight.shape(1),
        stride_, padding_, dilation_, out.shape(1)};
  }

 private:
  int stride_;
  int padding_;
  int dilation_;
};

class GemmConv1d : public CpuConv1d {
 public:
  using CpuConv1d::CpuConv1d;

  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto g = geometry(inputs, out);
    // For a dilated convolution the rows of one phase, padding included, for another the windows at the borders.
    const auto [first, end] = interior(g);
    const int rows = g.dilation > 1 ? ceil_divide(g.length + 2 * g.padding, g.dilation)
                                    : g.kernel * (first + g.out_length - end);
    dispatch(
        inputs,
        out,
        static_cast<std::ptrdiff_t>(rows) * g.in_channels,
        [weight = inputs[1].data<float>()](const Geometry& g, const float* input, float* output, float* room) {
          if (g.dilation > 1) {
            convolve_dilated(g, input, weight, output, room);
          } else {
            convolve(g, input, weight, output, g.out_channels, room);
          }
        });
  }

  const char* name() const override {
    return "GemmConv1d";
  }
};

// Output channels are taken some at a time where the room for all would be more float32 numbers than these, 10 MB.
constexpr std::ptrdiff_t kMostRoom = 2'500'000;
constexpr int kSmallestPart = 64;

// With a weight in float32 or bfloat16, which needs no copy in float32.
class SpectralConv1d : public CpuConv1d {
 public:
  using CpuConv1d::CpuConv1d;

  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& weight = inputs[1];
    if (weight.dtype() == mx::bfloat16) {
      eval(inputs, out, weight.data<mx::bfloat16_t>());
    } else {
      eval(inputs, out, weight.data<float>());
    }
  }

  const char* name() const override {
    return "SpectralConv1d";
  }

 private:
  template <typename T>
  void eval(const std::vector<mx::array>& inputs, mx::array& out, const T* weight) {
    const auto g = geometry(inputs, out);
    SpectralConv::Shape shape{g.in_channels, g.out_channels, g.kernel, g.dilation, g.padding};
    // Each part transforms the input anew, so it has channels enough to pay for that, in whole vectors.
    while (SpectralConv::room_size(shape) > kMostRoom && shape.out_channels % (2 * kSmallestPart) == 0) {
      shape.out_channels /= 2;
    }
    dispatch(
        inputs,
        out,
        SpectralConv::room_size(shape),
        [shape, weight](const Geometry& g, const float* input, float* output, float* room) {
          for (int first = 0; first < g.out_channels; first += shape.out_channels) {
            const auto read_weight = [&](int channel, float* rows) {
              const auto size = static_cast<std::ptrdiff_t>(g.kernel) * g.in_channels;
              std::copy_n(weight + (first + channel) * size, size, rows);
            };
            const SpectralConv conv(shape, read_weight, room);
            conv.run({input, 0, g.length}, 0, g.out_length, output + first, g.out_channels);
          }
        });
  }
};

mx::array cpu_conv1d(const mx::array& x, const mx::array& weight, int stride, int padding, int dilation) {
  const SpectralConv::Shape shape{x.shape(2), weight.shape(0), weight.shape(1), dilation, padding};
  const int length = output_length(x.shape(1), shape.kernel, stride, padding, dilation);
  const bool spectral = stride == 1 && SpectralConv::pays(shape, length);
  const auto out = spectral
      ? node_of<SpectralConv1d>(
            {as_float32(x), weight.dtype() == mx::bfloat16 ? mx::contiguous(weight) : as_float32(weight)},
            stride, padding, dilation)
      : node_of<GemmConv1d>({as_float32(x), as_float32(weight)}, stride, padding, dilation);
  return mx::astype(out, mx::result_type(x, weight));
}

// The weight [out, kernel, in] of a transposed convolution as that of a plain one, [stride * out, taps, in]: output
// row i * stride + r takes input row i - m by kernel row r + m * stride.
mx::array transposed_weight(const mx::array& weight, int stride, int taps) {
  const int out_channels = weight.shape(0);
  const int in_channels = weight.shape(2);
  const int missing = taps * stride - weight.shape(1);
  auto by_tap = mx::reshape(
      mx::pad(weight, {{0, 0}, {0, missing}, {0, 0}}), {out_channels, taps, stride, in_channels});
  by_tap = mx::slice(
      by_tap, {0, -1, 0, 0}, {out_channels, -taps - 1, stride, in_channels}, {1, -1, 1, 1});
  return mx::reshape(mx::transpose(by_tap, {2, 0, 1, 3}), {stride * out_channels, taps, in_channels});
}

mx::array cpu_conv_transpose1d(const mx::array& x, const mx::array& weight, int stride, int padding) {
  const int kernel = weight.shape(1);
  const int taps = ceil_divide(kernel, stride);
  const int out_length = (x.shape(1) - 1) * stride - 2 * padding + kernel;
  const auto rows = cpu_conv1d(x, transposed_weight(weight, stride, taps), 1, taps - 1, 1);
  const auto whole = mx::reshape(rows, {x.shape(0), rows.shape(1) * stride, weight.shape(0)});
  return mx::slice(whole, {0, padding, 0}, {x.shape(0), padding + out_length, weight.shape(0)});
}

#endif

void check(const mx::array& x, const mx::array& weight, int stride, int padding, int dilation, int groups) {
  if (x.ndim() != 3 || weight.ndim() != 3) {
    throw std::invalid_argument("x must be [batch, length, in] and the weight [out, kernel, in / groups]");
  }
  if (stride < 1 || padding < 0 || dilation < 1 || groups < 1) {
    throw std::invalid_argument("stride, dilation and groups must be at least 1, padding at least 0");
  }
  if (weight.shape(2) * groups != x.shape(2)) {
    throw std::invalid_argument("the weight's last axis must be the input's channels divided by groups");
  }
}

// x [batch, length, in], weight [out, kernel, in] -> [batch, length', out].
mx::array conv1d(mx::array x, mx::array weight, int stride, int padding, int dilation) {
  check(x, weight, stride, padding, dilation, 1);
  if (output_length(x.shape(1), weight.shape(1), stride, padding, dilation) < 1) {
    throw std::invalid_argument("the kernel is longer than the padded input");
  }
#ifdef TIDEMARK_OPENBLAS
  if (on_cpu() && (stride == 1 || dilation == 1)) {
    return cpu_conv1d(x, weight, stride, padding, dilation);
  }
#endif
  return mx::conv1d(x, weight, stride, padding, dilation);
}

// x [batch, length, in], weight [out, kernel, in / groups] -> [batch, (length - 1) * stride - 2 * padding + kernel, out].
mx::array conv_transpose1d(mx::array x, mx::array weight, int stride, int padding, int groups) {
  check(x, weight, stride, padding, 1, groups);
#ifdef TIDEMARK_OPENBLAS
  if (on_cpu() && groups == 1) {
    return cpu_conv_transpose1d(x, weight, stride, padding);
  }
#endif
  return mx::conv_transpose1d(x, weight, stride, padding, /* dilation */ 1, /* output_padding */ 0, groups);
}

} // namespace

const Table tables::convolutions = {
    {"conv1d", call<conv1d>},
    {"convTranspose1d", call<conv_transpose1d>},
};

} // namespace tidemark
