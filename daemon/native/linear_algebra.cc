// Matrix products, Fourier transforms and the layer norm.

#include "call.h"
#include "mlx/fast.h"
#include "mlx/fft.h"

namespace tidemark {

namespace {

mx::array addmm(mx::array c, mx::array a, mx::array b) {
  return mx::addmm(c, a, b);
}

mx::array real_fft(mx::array x) {
  return mx::fft::rfft(x);
}

mx::array inverse_real_fft(mx::array x) {
  return mx::fft::irfft(x);
}

} // namespace

const Table tables::linear_algebra = {
    {"matmul", call<mx::matmul>},
    {"addmm", call<addmm>},
    {"rfft", call<real_fft>},
    {"irfft", call<inverse_real_fft>},
    {"layerNorm", call<mx::fast::layer_norm>},
};

} // namespace tidemark
