// A convolution of stride 1 in a fifth to a half of the multiplications of matrix products: by short Fourier transforms over
// time (overlap-save; as Mathieu, Henaff and LeCun, "Fast training of convolutional networks through FFTs", 2013).
//
// A tile is 32 input rows, a dilation apart. The transform of each of its channels has 17 complex numbers, its bins; a bin
// of an output channel is the sum over input channels of the products of their bins with the weight's. So each bin takes
// one matrix product over all tiles, of complex numbers, in three real ones. Of the 32 rows that come back, the first
// 33 - kernel are output; in the others the tile's end meets its beginning. In float32 the relative error is about 3e-7.
#pragma once

#include <cstddef>
#include <functional>

namespace tidemark {

class SpectralConv {
 public:
  struct Shape {
    int in_channels;
    int out_channels;
    int kernel;
    int dilation;
    int padding;
  };

  // Rows [first, end) of a matrix whose row `first` begins at `data`; all others are zeros.
  struct Rows {
    const float* data;
    int first;
    int end;
  };

  // Whether it takes less time for `out_length` rows than matrix products over the unfolded input.
  static bool pays(const Shape& shape, int out_length);

  // Output rows that are computed at a time: more of them are so many times these.
  static int block_rows(const Shape& shape);

  // How many float32 numbers the constructor needs room for.
  static std::ptrdiff_t room_size(const Shape& shape);

  // `read_weight` writes an output channel's weight, [kernel, in_channels], to where it is told; several threads call it.
  // `room` is used for as long as the object is.
  SpectralConv(const Shape& shape, const std::function<void(int channel, float* weight)>& read_weight, float* room);

  // Computes the output rows [first, end) to `output`, where row `first` begins; rows are `stride` numbers apart. Output
  // row i is the sum over the taps k of the weight's times input row i - padding + k * dilation.
  void run(const Rows& input, int first, int end, float* output, int stride) const;

 private:
  const Shape shape_;
  const std::ptrdiff_t weight_plane_;
  const std::ptrdiff_t tile_plane_;
  float* const weights_;
  float* const tiles_;
  float* const products_;
};

} // namespace tidemark
