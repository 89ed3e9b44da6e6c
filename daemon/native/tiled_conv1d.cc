#include "tiled_conv1d.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <cblas.h>

#include "cpu_primitive.h"
#include "spectral_conv.h"
#include "stored_rows.h"
#include "workers.h"

namespace tidemark {

namespace {

// Numbers of a tile, input and output together: with a tap of the weight they fill half of a core's second-level cache.
constexpr int kTileNumbers = 98304;
constexpr int kSmallestTile = 64;
// The most threads, and so tiles, at a time.
constexpr int kLanes = 8;
// Rows that a thread reads or writes at a time.
constexpr int kRowsOfPart = 64;
// The most float32 numbers of a spectral convolution's room, 17 MB; the generator's second level, where the peak is, needs 4 MB.
constexpr std::ptrdiff_t kMostSpectralRoom = 4'250'000;

int ceil_divide(int a, int b) {
  return (a + b - 1) / b;
}

// All that computing takes, as it is when the operation runs.
struct Work {
  ConvGeometry g;
  Writing writing;
  ChannelReading reading;
  StoredRows input;
  StoredRows weight;
  const float* bias;
  StoredRows residual;
  StoredRows output;

  int reach() const {
    return (g.taps - 1) * g.dilation;
  }

  // Writes what is convolved of the input rows [first, last) to `room`. What is padding is 0 after the norm and the activation.
  void read(int first, int last, float* room) const {
    const auto room_of = [&](int row) { return room + static_cast<std::ptrdiff_t>(row - first) * g.in_channels; };
    const int begin = std::clamp(first, 0, g.length);
    const int end = std::clamp(last, begin, g.length);
    if (begin == end) {
      std::fill(room, room_of(last), 0.0f);
      return;
    }
    std::fill(room, room_of(begin), 0.0f);
    input.read(begin, end - begin, room_of(begin));
    reading.apply(room_of(begin), end - begin);
    std::fill(room_of(end), room_of(last), 0.0f);
  }

  // Adds bias and residual to the results of the steps [begin, end), and stores them. `room` is for a row at least.
  void write(int begin, int end, float* results, float* room, int room_numbers) const {
    const int shift = writing.lead - writing.crop;
    const int from = std::max(begin * writing.stride + shift, writing.lead);
    const int to = std::min(end * writing.stride + shift, writing.length);
    results += static_cast<std::ptrdiff_t>(from - shift - begin * writing.stride) * g.out_channels;
    const int block = std::max(1, room_numbers / g.out_channels);
    for (int row = from; row < to; row += block) {
      const int count = std::min(block, to - row);
      if (residual) {
        residual.read(row, count, room);
        add_numbers(room, results, static_cast<std::ptrdiff_t>(count) * g.out_channels);
      }
      float* const block_results = results;
      for (int index = 0; index < count; ++index, results += g.out_channels) {
        add_numbers(bias, results, g.out_channels);
      }
      output.write(row, count, block_results);
    }
  }

  void write_lead() const {
    std::vector<float> rows(static_cast<std::size_t>(writing.lead) * g.out_channels, 0.0f);
    if (residual && writing.lead > 0) {
      residual.read(0, writing.lead, rows.data());
    }
    output.write(0, writing.lead, rows.data());
  }
};

// By a matrix product for each tap: of the tile's rows, shifted by the tap, with the tap's matrix.
class TapProducts {
 public:
  TapProducts(const ConvGeometry& g, bool is_transposed, int kernel_columns)
      : tile_(std::clamp(kTileNumbers / (g.in_channels + g.columns), kSmallestTile, std::max(kSmallestTile, g.steps))),
        tiles_(ceil_divide(g.steps, tile_)),
        lanes_(std::min({Workers::shared().thread_count(), tiles_, kLanes})),
        input_numbers_((tile_ + (g.taps - 1) * g.dilation) * g.in_channels),
        lane_numbers_(input_numbers_ + tile_ * g.columns),
        is_transposed_(is_transposed),
        kernel_columns_(kernel_columns) {}

  std::ptrdiff_t room_size() const {
    return static_cast<std::ptrdiff_t>(lanes_) * lane_numbers_;
  }

  void run(const Work& work, const float* weight, float* room) const {
    const auto& g = work.g;
    std::atomic<int> next = 0;
    Workers::shared().run(lanes_, [&](int lane) {
      float* const rows = room + static_cast<std::ptrdiff_t>(lane) * lane_numbers_;
      float* const results = rows + input_numbers_;
      for (int tile = next++; tile < tiles_; tile = next++) {
        const int begin = tile * tile_;
        const int end = std::min(begin + tile_, g.steps);
        work.read(begin - g.padding, end - g.padding + work.reach(), rows);
        for (int tap = 0; tap < g.taps; ++tap) {
          multiply(g, weight, tap, end - begin, rows + static_cast<std::ptrdiff_t>(tap) * g.dilation * g.in_channels, results);
        }
        work.write(begin, end, results, rows, input_numbers_);
      }
    });
  }

 private:
  void multiply(const ConvGeometry& g, const float* weight, int tap, int rows, const float* input, float* output) const {
    if (!is_transposed_) {
      scipy_cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, rows, g.columns, g.in_channels, 1.0f, input, g.in_channels,
          weight + static_cast<std::ptrdiff_t>(tap) * g.in_channels, kernel_columns_, tap == 0 ? 0.0f : 1.0f, output,
          g.columns);
      return;
    }
    // The last step's kernel rows come first, and may be fewer than a whole stride.
    const int first = (g.taps - 1 - tap) * g.columns;
    const int columns = std::min(g.columns, kernel_columns_ - first);
    if (tap == 0 && columns < g.columns) {
      std::fill(output, output + static_cast<std::ptrdiff_t>(rows) * g.columns, 0.0f);
    }
    scipy_cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, g.in_channels, 1.0f, input, g.in_channels,
        weight + first, kernel_columns_, tap == 0 && columns == g.columns ? 0.0f : 1.0f, output, g.columns);
  }

  int tile_;
  int tiles_;
  int lanes_;
  int input_numbers_;
  int lane_numbers_;
  bool is_transposed_;
  // Numbers of one row of the weight: taps * in, or kernel * out where it is transposed.
  int kernel_columns_;
};

// By short Fourier transforms over time, a block of rows at a time.
class SpectralBlocks {
 public:
  explicit SpectralBlocks(const ConvGeometry& g)
      : shape_{g.in_channels, g.out_channels, g.taps, g.dilation, g.padding},
        block_(std::min(SpectralConv::block_rows(shape_), g.steps)),
        input_numbers_((block_ + (g.taps - 1) * g.dilation) * g.in_channels) {}

  static bool pays(const ConvGeometry& g, const Writing& writing) {
    const SpectralConv::Shape shape{g.in_channels, g.out_channels, g.taps, g.dilation, g.padding};
    return writing.stride == 1 && SpectralConv::pays(shape, g.steps) &&
        SpectralConv::room_size(shape) <= kMostSpectralRoom;
  }

  std::ptrdiff_t room_size() const {
    return SpectralConv::room_size(shape_) + input_numbers_ +
        static_cast<std::ptrdiff_t>(block_) * shape_.out_channels;
  }

  void run(const Work& work, float* room) const {
    const auto& g = work.g;
    auto& workers = Workers::shared();
    float* const rows = room + SpectralConv::room_size(shape_);
    float* const results = rows + input_numbers_;
    const SpectralConv conv(
        shape_, [&](int channel, float* to) { work.weight.read(static_cast<std::ptrdiff_t>(channel) * g.taps, g.taps, to); },
        room);
    for (int begin = 0; begin < g.steps; begin += block_) {
      const int end = std::min(begin + block_, g.steps);
      const int first = begin - g.padding;
      const int last = end - g.padding + work.reach();
      workers.run(ceil_divide(last - first, kRowsOfPart), [&](int part) {
        const int row = first + part * kRowsOfPart;
        work.read(row, std::min(row + kRowsOfPart, last), rows + static_cast<std::ptrdiff_t>(row - first) * g.in_channels);
      });
      conv.run({rows, first, last}, begin, end, results, g.out_channels);
      // The rows that were read are not needed any more: each part has room for as many of its residual's as it had there.
      workers.run(ceil_divide(end - begin, kRowsOfPart), [&](int part) {
        const int row = begin + part * kRowsOfPart;
        const auto offset = static_cast<std::ptrdiff_t>(row - begin);
        const int count = std::min(kRowsOfPart, end - row);
        work.write(
            row, row + count, results + offset * g.out_channels, rows + offset * g.in_channels, count * g.in_channels);
      });
    }
  }

 private:
  SpectralConv::Shape shape_;
  int block_;
  int input_numbers_;
};

class TiledConv1d : public mx::UnaryPrimitive {
 public:
  struct Options {
    ConvGeometry geometry;
    Writing writing;
    bool has_residual;
    bool has_style;
    bool has_alpha;
    float gain;
    float slope;
  };

  explicit TiledConv1d(const Options& options)
      : mx::UnaryPrimitive(mx::default_stream(mx::default_device())), options_(options) {}

  // Inputs: x, weight and bias, then what there is of residual, style and alpha.
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& [g, writing, has_residual, has_style, has_alpha, gain, slope] = options_;
    std::size_t next = 3;
    const mx::array* residual = has_residual ? &inputs[next++] : nullptr;
    const mx::array* style = has_style ? &inputs[next++] : nullptr;
    const mx::array* alpha = has_alpha ? &inputs[next++] : nullptr;
    if (residual != nullptr && residual->dtype() == out.dtype() && residual->is_donatable()) {
      out.copy_shared_buffer(*residual);
    } else {
      out.set_data(mx::allocator::malloc(out.nbytes()));
    }

    auto& encoder = mx::cpu::get_command_encoder(stream());
    for (const auto& input : inputs) {
      encoder.set_input_array(input);
    }
    encoder.set_output_array(out);
    const auto room_for = [&](std::ptrdiff_t numbers) {
      auto room = scratch({static_cast<int>(numbers)});
      encoder.add_temporary(room);
      return room.data<float>();
    };

    const auto& weight = inputs[1];
    const bool is_transposed = writing.stride > 1;
    const int kernel_columns = static_cast<int>(weight.size() / weight.shape(0));
    const auto make_work = [g = g,
                            writing = writing,
                            gain = gain,
                            slope = slope,
                            length = g.length,
                            // A row of the weight is read as one of its last axis.
                            weight_rows = StoredRows(weight, weight.shape(2)),
                            bias = inputs[2].data<float>(),
                            style_data = style == nullptr ? nullptr : style->data<float>(),
                            alpha_data = alpha == nullptr ? nullptr : alpha->data<float>(),
                            input = StoredRows(inputs[0], g.in_channels),
                            residual_rows = residual == nullptr ? StoredRows() : StoredRows(*residual, g.out_channels),
                            output = StoredRows(out, g.out_channels)]() {
      ChannelReading reading(g.in_channels, gain, alpha_data, slope);
      if (style_data != nullptr) {
        reading.normalize(input, length, style_data);
      }
      Work work{g, writing, std::move(reading), input, weight_rows, bias, residual_rows, output};
      work.write_lead();
      return work;
    };

    if (SpectralBlocks::pays(g, writing)) {
      const SpectralBlocks blocks(g);
      encoder.dispatch([=, room = room_for(blocks.room_size())]() { blocks.run(make_work(), room); });
      return;
    }
    const TapProducts products(g, is_transposed, kernel_columns);
    const bool is_wide = weight.dtype() == mx::float32;
    float* const wide = is_wide ? nullptr : room_for(static_cast<std::ptrdiff_t>(weight.size()));
    encoder.dispatch([=,
                      weight_data = is_wide ? weight.data<float>() : wide,
                      weight_rows = StoredRows(weight, kernel_columns),
                      weight_count = weight.shape(0),
                      room = room_for(products.room_size())]() {
      if (wide != nullptr) {
        Workers::shared().run(weight_count, [&](int row) {
          weight_rows.read(row, 1, wide + static_cast<std::ptrdiff_t>(row) * kernel_columns);
        });
      }
      products.run(make_work(), weight_data, room);
    });
  }

  void eval_gpu(const std::vector<mx::array>&, mx::array&) override {
    throw std::runtime_error("TiledConv1d is for the CPU, but was sent to a GPU");
  }

  const char* name() const override {
    return "TiledConv1d";
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>&) override {
    return {{1, options_.writing.length, options_.geometry.out_channels}};
  }

 private:
  Options options_;
};

// Row-contiguous, and in one of the two dtypes that are read here.
mx::array readable(const mx::array& a) {
  return mx::contiguous(a.dtype() == mx::bfloat16 ? a : mx::astype(a, mx::float32));
}

} // namespace

mx::array tiled_conv1d(
    const mx::array& x, const mx::array& weight, const mx::array& bias, const std::optional<mx::array>& residual,
    const Reading& reading, const ConvGeometry& geometry, const Writing& writing) {
  std::vector<mx::array> inputs{readable(x), readable(weight), as_float32(bias)};
  if (residual.has_value()) {
    inputs.push_back(readable(*residual));
  }
  for (const auto& each : {reading.style, reading.alpha}) {
    if (each.has_value()) {
      inputs.push_back(as_float32(*each));
    }
  }
  const auto result = mx::array(
      {1, writing.length, geometry.out_channels},
      writing.dtype == mx::bfloat16 ? mx::bfloat16 : mx::float32,
      std::make_shared<TiledConv1d>(TiledConv1d::Options{
          geometry, writing, residual.has_value(), reading.style.has_value(), reading.alpha.has_value(), reading.gain,
          reading.slope}),
      std::move(inputs));
  return mx::astype(result, writing.dtype);
}

} // namespace tidemark
