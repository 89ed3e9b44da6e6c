#include "spectral_conv.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include <cblas.h>

#include "vectorized.h"
#include "workers.h"

namespace tidemark {

namespace {

// Rows of a tile: with 16, kernels of 11 would need 1.8 times the multiplications, with 64 the weights twice the room.
constexpr int kPoints = 32;
constexpr int kNyquist = kPoints / 2;
// Bins 0 and kNyquist are real and have one plane, the bins between them a real and an imaginary one.
constexpr int kTilePlanes = kPoints;
// A complex product is three real ones, so a complex bin of the weight has three planes.
constexpr int kWeightPlanes = 2 + 3 * (kNyquist - 1);

constexpr int tile_plane_of(int bin) {
  return bin == 0 ? 0 : 2 * bin - 1;
}

constexpr int weight_plane_of(int bin) {
  return bin == 0 ? 0 : 3 * bin - 2;
}

// Tiles that are transformed at a time: more need more room, fewer make the products less efficient.
constexpr int kTiles = 48;
// Tiles, or output channels of a weight, that a thread takes at a time.
constexpr int kTilesOfPart = 4;
constexpr int kChannelsOfPart = 8;
// At most so many threads multiply, each with room of its own.
constexpr int kLanes = 8;
// Between planes, which would else begin in the same set of a processor's cache.
constexpr int kGap = 16;

// cos(2 pi k / 32)
constexpr float kCosines[] = {1.0f,
                              0.98078528040323045f,
                              0.92387953251128676f,
                              0.83146961230254524f,
                              0.70710678118654752f,
                              0.55557023301960222f,
                              0.38268343236508977f,
                              0.19509032201612827f,
                              0.0f};

constexpr float cosine(int index, int points) {
  return kCosines[index * (kPoints / points)];
}

constexpr float sine(int index, int points) {
  return kCosines[(points / 4 - index) * (kPoints / points)];
}

// The Fourier transform of `points` real numbers, `stride` apart: bins 0 to points / 2, from the transforms of the even and
// the odd ones. im[0] and im[points / 2], which are zero, are neither written nor read.
template <int points, int stride>
TIDEMARK_INLINE void transform(const Vector* x, Vector* re, Vector* im) {
  if constexpr (points == 2) {
    re[0] = x[0] + x[stride];
    re[1] = x[0] - x[stride];
  } else {
    constexpr int half = points / 2;
    constexpr int quarter = points / 4;
    Vector even_re[quarter + 1], even_im[quarter + 1], odd_re[quarter + 1], odd_im[quarter + 1];
    transform<half, 2 * stride>(x, even_re, even_im);
    transform<half, 2 * stride>(x + stride, odd_re, odd_im);
    re[0] = even_re[0] + odd_re[0];
    re[half] = even_re[0] - odd_re[0];
    re[quarter] = even_re[quarter];
    im[quarter] = -odd_re[quarter];
#pragma GCC unroll 16
    for (int bin = 1; bin < quarter; ++bin) {
      const Vector turned_re = cosine(bin, points) * odd_re[bin] + sine(bin, points) * odd_im[bin];
      const Vector turned_im = cosine(bin, points) * odd_im[bin] - sine(bin, points) * odd_re[bin];
      re[bin] = even_re[bin] + turned_re;
      im[bin] = even_im[bin] + turned_im;
      re[half - bin] = even_re[bin] - turned_re;
      im[half - bin] = turned_im - even_im[bin];
    }
  }
}

// Its inverse, times `points`.
template <int points, int stride>
TIDEMARK_INLINE void transform_back(const Vector* re, const Vector* im, Vector* x) {
  if constexpr (points == 2) {
    x[0] = re[0] + re[1];
    x[stride] = re[0] - re[1];
  } else {
    constexpr int half = points / 2;
    constexpr int quarter = points / 4;
    Vector even_re[quarter + 1], even_im[quarter + 1], odd_re[quarter + 1], odd_im[quarter + 1];
    even_re[0] = re[0] + re[half];
    odd_re[0] = re[0] - re[half];
    even_re[quarter] = 2.0f * re[quarter];
    odd_re[quarter] = -2.0f * im[quarter];
#pragma GCC unroll 16
    for (int bin = 1; bin < quarter; ++bin) {
      even_re[bin] = re[bin] + re[half - bin];
      even_im[bin] = im[bin] - im[half - bin];
      const Vector turned_re = re[bin] - re[half - bin];
      const Vector turned_im = im[bin] + im[half - bin];
      odd_re[bin] = cosine(bin, points) * turned_re - sine(bin, points) * turned_im;
      odd_im[bin] = cosine(bin, points) * turned_im + sine(bin, points) * turned_re;
    }
    transform_back<half, 2 * stride>(even_re, even_im, x);
    transform_back<half, 2 * stride>(odd_re, odd_im, x + stride);
  }
}

// The transform of `rows` rows, `stride` numbers apart, and zeros after them.
TIDEMARK_INLINE void transform_rows(const float* rows, std::ptrdiff_t stride, int count, Vector* re, Vector* im) {
  Vector x[kPoints];
#pragma GCC unroll 32
  for (int row = 0; row < kPoints; ++row) {
    if (row < count) {
      load(x[row], rows + row * stride);
    } else {
      x[row] = Vector{};
    }
  }
  transform<kPoints, 1>(x, re, im);
}

TIDEMARK_VECTORIZED void transform_tile(
    const float* rows, std::ptrdiff_t stride, int channels, float* planes, std::ptrdiff_t plane) {
  for (int channel = 0; channel < channels; channel += kWidth) {
    Vector re[kNyquist + 1], im[kNyquist + 1];
    transform_rows(rows + channel, stride, kPoints, re, im);
    float* out = planes + channel;
    store(out, re[0]);
    store(out + tile_plane_of(kNyquist) * plane, re[kNyquist]);
#pragma GCC unroll 16
    for (int bin = 1; bin < kNyquist; ++bin) {
      float* complex = out + tile_plane_of(bin) * plane;
      store(complex, re[bin]);
      store(complex + plane, im[bin]);
    }
  }
}

// Of an output channel's weight: conjugated, since taps go forward in time, and divided by what transform_back multiplies
// by. Of c + di the planes are c, c + d, and d - c.
TIDEMARK_VECTORIZED void transform_weight(
    const float* rows, int kernel, int channels, float* planes, std::ptrdiff_t plane) {
  constexpr float scale = 1.0f / kPoints;
  for (int channel = 0; channel < channels; channel += kWidth) {
    Vector re[kNyquist + 1], im[kNyquist + 1];
    transform_rows(rows + channel, channels, kernel, re, im);
    float* out = planes + channel;
    store(out, scale * re[0]);
    store(out + weight_plane_of(kNyquist) * plane, scale * re[kNyquist]);
#pragma GCC unroll 16
    for (int bin = 1; bin < kNyquist; ++bin) {
      float* complex = out + weight_plane_of(bin) * plane;
      store(complex, scale * re[bin]);
      store(complex + plane, scale * (re[bin] - im[bin]));
      store(complex + 2 * plane, -scale * (im[bin] + re[bin]));
    }
  }
}

TIDEMARK_VECTORIZED void transform_tile_back(
    const float* planes, std::ptrdiff_t plane, int channels, float* rows, std::ptrdiff_t stride, int count) {
  for (int channel = 0; channel < channels; channel += kWidth) {
    Vector x[kPoints], re[kNyquist + 1], im[kNyquist + 1];
    const float* in = planes + channel;
    load(re[0], in);
    load(re[kNyquist], in + tile_plane_of(kNyquist) * plane);
#pragma GCC unroll 16
    for (int bin = 1; bin < kNyquist; ++bin) {
      const float* complex = in + tile_plane_of(bin) * plane;
      load(re[bin], complex);
      load(im[bin], complex + plane);
    }
    transform_back<kPoints, 1>(re, im, x);
    for (int row = 0; row < count; ++row) {
      store(rows + row * stride + channel, x[row]);
    }
  }
}

TIDEMARK_VECTORIZED void add(const float* a, const float* b, float* sum, std::ptrdiff_t count) {
  for (std::ptrdiff_t index = 0; index < count; ++index) {
    sum[index] = a[index] + b[index];
  }
}

int ceil_divide(int a, int b) {
  return (a + b - 1) / b;
}

// Where the tiles of some output rows are. The rows of one phase, `dilation` apart, are a plain convolution's.
struct Tiling {
  int first;
  int end;
  int dilation;
  int rows; // of a tile's output

  int count() const {
    return dilation * ceil_divide(ceil_divide(end - first, dilation), rows);
  }

  int row_of(int tile) const {
    return first + tile % dilation + tile / dilation * rows * dilation;
  }

  int rows_of(int tile) const {
    return std::clamp(ceil_divide(end - row_of(tile), dilation), 0, rows);
  }
};

std::ptrdiff_t weight_plane_size(const SpectralConv::Shape& shape) {
  return static_cast<std::ptrdiff_t>(shape.out_channels) * shape.in_channels + kGap;
}

std::ptrdiff_t tile_plane_size(const SpectralConv::Shape& shape) {
  return static_cast<std::ptrdiff_t>(kTiles) * std::max(shape.in_channels, shape.out_channels) + kGap;
}

int lanes() {
  return std::min(Workers::shared().thread_count(), kLanes);
}

} // namespace

bool SpectralConv::pays(const Shape& shape, int out_length) {
  // Below them the transforms take longer than what they save.
  constexpr int kFewestChannels = 64;
  // Transforming a weight takes as long as its product with about so many rows.
  constexpr int kRowsOfWeight = 1500;
  const auto fits = [](int channels) { return channels >= kFewestChannels && channels % kWidth == 0; };
  if (shape.kernel > kPoints || !fits(shape.in_channels) || !fits(shape.out_channels)) {
    return false;
  }
  const Tiling tiling{0, out_length, shape.dilation, kPoints + 1 - shape.kernel};
  return static_cast<double>(out_length) * shape.kernel >
      static_cast<double>(tiling.count()) * kWeightPlanes + kRowsOfWeight;
}

int SpectralConv::block_rows(const Shape& shape) {
  return std::max(1, kTiles / shape.dilation) * shape.dilation * (kPoints + 1 - shape.kernel);
}

std::ptrdiff_t SpectralConv::room_size(const Shape& shape) {
  return kWeightPlanes * weight_plane_size(shape) + (kTilePlanes + 2 * lanes()) * tile_plane_size(shape);
}

SpectralConv::SpectralConv(
    const Shape& shape, const std::function<void(int channel, float* weight)>& read_weight, float* room)
    : shape_(shape),
      weight_plane_(weight_plane_size(shape)),
      tile_plane_(tile_plane_size(shape)),
      weights_(room),
      tiles_(weights_ + kWeightPlanes * weight_plane_),
      products_(tiles_ + kTilePlanes * tile_plane_) {
  Workers::shared().in_parts(shape.out_channels, kChannelsOfPart, [&](int first, int end) {
    std::vector<float> rows(static_cast<std::size_t>(shape.kernel) * shape.in_channels);
    for (int channel = first; channel < end; ++channel) {
      read_weight(channel, rows.data());
      float* planes = weights_ + static_cast<std::ptrdiff_t>(channel) * shape.in_channels;
      transform_weight(rows.data(), shape.kernel, shape.in_channels, planes, weight_plane_);
    }
  });
}

void SpectralConv::run(const Rows& input, int first, int end, float* output, int stride) const {
  const auto [in_channels, out_channels, kernel, dilation, padding] = shape_;
  const Tiling tiling{first, end, dilation, kPoints + 1 - kernel};
  const auto place_of = [](int tile, int channels) { return static_cast<std::ptrdiff_t>(tile % kTiles) * channels; };

  const auto analyze = [&, in_channels = in_channels](int tile) {
    const int row = tiling.row_of(tile) - padding;
    const int last = row + (kPoints - 1) * dilation;
    float* planes = tiles_ + place_of(tile, in_channels);
    const auto at = [&](int input_row) {
      return input.data + static_cast<std::ptrdiff_t>(input_row - input.first) * in_channels;
    };
    if (row >= input.first && last < input.end) {
      transform_tile(at(row), static_cast<std::ptrdiff_t>(dilation) * in_channels, in_channels, planes, tile_plane_);
      return;
    }
    std::vector<float> padded(static_cast<std::size_t>(kPoints) * in_channels);
    for (int index = 0; index < kPoints; ++index) {
      const int input_row = row + index * dilation;
      if (input_row >= input.first && input_row < input.end) {
        std::copy_n(at(input_row), in_channels, padded.data() + static_cast<std::ptrdiff_t>(index) * in_channels);
      }
    }
    transform_tile(padded.data(), in_channels, in_channels, planes, tile_plane_);
  };

  const auto multiply = [&](int bin, int tiles, float* lane) {
    const std::ptrdiff_t in_size = static_cast<std::ptrdiff_t>(tiles) * in_channels;
    const std::ptrdiff_t out_size = static_cast<std::ptrdiff_t>(tiles) * out_channels;
    const float* weight = weights_ + weight_plane_of(bin) * weight_plane_;
    const auto product = [&](const float* x, const float* plane, float alpha, float beta, float* y) {
      scipy_cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasTrans, tiles, out_channels, in_channels, alpha, x, in_channels, plane,
          in_channels, beta, y, out_channels);
    };
    float* const re = tiles_ + tile_plane_of(bin) * tile_plane_;
    float* const out_re = lane;
    if (bin == 0 || bin == kNyquist) {
      product(re, weight, 1.0f, 0.0f, out_re);
      std::copy_n(out_re, out_size, re);
      return;
    }
    // Gauss: with k = c (a + b), (a + bi) (c + di) is k - b (c + d) and k + a (d - c).
    float* const im = re + tile_plane_;
    float* const out_im = lane + tile_plane_;
    add(re, im, out_im, in_size);
    product(out_im, weight, 1.0f, 0.0f, out_re);
    std::copy_n(out_re, out_size, out_im);
    product(im, weight + weight_plane_, -1.0f, 1.0f, out_re);
    product(re, weight + 2 * weight_plane_, 1.0f, 1.0f, out_im);
    std::copy_n(out_re, out_size, re);
    std::copy_n(out_im, out_size, im);
  };

  const auto synthesize = [&](int tile) {
    transform_tile_back(
        tiles_ + place_of(tile, out_channels),
        tile_plane_,
        out_channels,
        output + static_cast<std::ptrdiff_t>(tiling.row_of(tile) - first) * stride,
        static_cast<std::ptrdiff_t>(dilation) * stride,
        tiling.rows_of(tile));
  };

  const auto each_of = [](int begin, const auto& work) {
    return [begin, &work](int first, int end) {
      for (int index = first; index < end; ++index) {
        work(begin + index);
      }
    };
  };
  auto& workers = Workers::shared();
  for (int begin = 0; begin < tiling.count(); begin += kTiles) {
    const int tiles = std::min(kTiles, tiling.count() - begin);
    workers.in_parts(tiles, kTilesOfPart, each_of(begin, analyze));
    std::atomic<int> next = 0;
    workers.run(lanes(), [&](int lane) {
      for (int bin = next++; bin <= kNyquist; bin = next++) {
        multiply(bin, tiles, products_ + 2 * lane * tile_plane_);
      }
    });
    workers.in_parts(tiles, kTilesOfPart, each_of(begin, synthesize));
  }
}

} // namespace tidemark
