// Matrix products, Fourier transforms and the layer norm.

#include "call.h"
#include "mlx/fast.h"
#include "mlx/fft.h"

#include "linear.h"

#ifdef TIDEMARK_OPENBLAS
#include "cpu_primitive.h"
#include "gemm.h"
#include "vectorized.h"
#endif

namespace tidemark {

namespace {

#ifdef TIDEMARK_OPENBLAS

TIDEMARK_VECTORIZED void widen(const mx::bfloat16_t* numbers, int count, float* wide) {
  int index = 0;
  for (; index + kWidth <= count; index += kWidth) {
    Vector vector;
    load(vector, numbers + index);
    store(wide + index, vector);
  }
  std::copy(numbers + index, numbers + count, wide + index);
}

// x [..., in] in float32 times the transpose of a bfloat16 weight [out, in]. MLX's own, for bfloat16, runs in one thread at
// 50 GFLOP/s.
class Bfloat16Linear : public CpuPrimitive {
 public:
  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& x = inputs[0];
    const auto& weight = inputs[1];
    const int in = x.shape(-1);
    const ExpandedProduct product{static_cast<int>(x.size() / in), in, weight.shape(0)};
    out.set_data(mx::allocator::malloc(out.nbytes()));
    auto room = scratch({static_cast<int>(product.room_size())});
    queue(inputs, out, {room}, [product,
                                x_data = x.data<float>(),
                                weight_data = weight.data<mx::bfloat16_t>(),
                                out_data = out.data<float>(),
                                room_data = room.data<float>()]() {
      const auto expand = [&](int row, float* numbers) {
        widen(weight_data + static_cast<std::ptrdiff_t>(row) * product.in, product.in, numbers);
      };
      product.multiply(x_data, expand, out_data, room_data);
    });
  }

  const char* name() const override {
    return "Bfloat16Linear";
  }

  bool is_equivalent(const mx::Primitive&) const override {
    return true;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    auto shape = inputs[0].shape();
    shape.back() = inputs[1].shape(0);
    return {shape};
  }
};

bool is_bfloat16_linear(const mx::array& x, const mx::array& weight, const mx::array& bias) {
  const bool fits = x.ndim() > 0 && x.size() > 0 && weight.ndim() == 2 && weight.size() > 0 &&
      x.shape(-1) == weight.shape(1) && bias.shape() == mx::Shape{weight.shape(0)};
  return on_cpu() && fits && x.dtype() == mx::bfloat16 && weight.dtype() == mx::bfloat16 && bias.dtype() == mx::bfloat16;
}

#endif

mx::array real_fft(mx::array x) {
  return mx::fft::rfft(x);
}

mx::array inverse_real_fft(mx::array x) {
  return mx::fft::irfft(x);
}

} // namespace

mx::array linear(mx::array x, mx::array weight, mx::array bias) {
#ifdef TIDEMARK_OPENBLAS
  if (is_bfloat16_linear(x, weight, bias)) {
    const auto product = node_of<Bfloat16Linear>({as_float32(x), mx::contiguous(weight)});
    return mx::astype(mx::add(product, bias), mx::bfloat16);
  }
#endif
  return mx::addmm(bias, x, mx::transpose(weight));
}

const Table tables::linear_algebra = {
    {"matmul", call<mx::matmul>},
    {"linear", call<linear>},
    {"rfft", call<real_fft>},
    {"irfft", call<inverse_real_fft>},
    {"layerNorm", call<mx::fast::layer_norm>},
};

} // namespace tidemark
