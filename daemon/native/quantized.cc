// Weights packed in groups, and products with them.
//
// The CPU wheel of MLX 0.32 expands a packed weight number by number for each row of x again, at 2 GFLOP/s: ALBERT alone
// took 4 s of a sentence. Here a few rows of the weight at a time are expanded, once for all rows of x, and multiplied
// by BLAS. Like MLX's own it never holds the whole expanded weight.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "call.h"

#ifdef TIDEMARK_OPENBLAS
#include "cpu_primitive.h"
#include "gemm.h"
#endif

namespace tidemark {

namespace {

#ifdef TIDEMARK_OPENBLAS

// Packed numbers follow one another from each word's lowest bit, so that this many of them fill `bits` whole words.
constexpr int kRun = 32;

// One row of `count` numbers: scale * q + bias, with a scale and a bias for each group.
template <int bits>
void expand_row(
    const std::uint32_t* words, const float* scales, const float* biases, float* row, int count, int group_size) {
  constexpr std::uint32_t mask = (1u << bits) - 1;
  for (int start = 0; start < count; start += kRun, words += bits) {
    const float scale = scales[start / group_size];
    const float bias = biases[start / group_size];
    for (int index = 0; index < kRun; ++index) {
      const int word = index * bits / 32;
      const int shift = index * bits % 32;
      std::uint32_t number = words[word] >> shift;
      if (shift + bits > 32) {
        number |= words[word + 1] << (32 - shift);
      }
      row[start + index] = scale * static_cast<float>(number & mask) + bias;
    }
  }
}

using ExpandRow = void (*)(const std::uint32_t*, const float*, const float*, float*, int, int);

ExpandRow expand_row_of(int bits) {
  switch (bits) {
    case 2:
      return expand_row<2>;
    case 3:
      return expand_row<3>;
    case 4:
      return expand_row<4>;
    case 5:
      return expand_row<5>;
    case 6:
      return expand_row<6>;
    case 8:
      return expand_row<8>;
    default:
      return nullptr;
  }
}

class BlockedQuantizedMatmul : public CpuPrimitive {
 public:
  BlockedQuantizedMatmul(int group_size, int bits) : group_size_(group_size), bits_(bits) {}

  void eval_cpu(const std::vector<mx::array>& inputs, mx::array& out) override {
    const auto& x = inputs[0];
    const auto& packed = inputs[1];
    const auto& scales = inputs[2];
    const auto& biases = inputs[3];
    const int in = x.shape(-1);
    const ExpandedProduct product{static_cast<int>(x.size() / in), in, packed.shape(0)};

    out.set_data(mx::allocator::malloc(out.nbytes()));
    auto expanded = scratch({static_cast<int>(product.room_size())});

    queue(inputs, out, {expanded}, [product,
                                    group_size = group_size_,
                                    words_per_row = packed.shape(1),
                                    expand = expand_row_of(bits_),
                                    x_data = x.data<float>(),
                                    packed_data = packed.data<std::uint32_t>(),
                                    scales_data = scales.data<float>(),
                                    biases_data = biases.data<float>(),
                                    expanded_data = expanded.data<float>(),
                                    out_data = out.data<float>()]() {
      const int groups = product.in / group_size;
      const auto expand_row = [&](int row, float* numbers) {
        const auto source = static_cast<std::ptrdiff_t>(row);
        expand(
            packed_data + source * words_per_row,
            scales_data + source * groups,
            biases_data + source * groups,
            numbers,
            product.in,
            group_size);
      };
      product.multiply(x_data, expand_row, out_data, expanded_data);
    });
  }

  const char* name() const override {
    return "BlockedQuantizedMatmul";
  }

  bool is_equivalent(const mx::Primitive& other) const override {
    const auto& product = static_cast<const BlockedQuantizedMatmul&>(other);
    return group_size_ == product.group_size_ && bits_ == product.bits_;
  }

  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override {
    auto shape = inputs[0].shape();
    shape.back() = inputs[1].shape(0);
    return {shape};
  }

 private:
  int group_size_;
  int bits_;
};

// What this handles; the rest, mistakes included, is MLX's to handle or to refuse.
bool is_blocked(
    const mx::array& x, const mx::array& packed, const mx::array& scales, const mx::array& biases, int group_size,
    int bits) {
  if (!on_cpu() || expand_row_of(bits) == nullptr || group_size % kRun != 0) {
    return false;
  }
  if (mx::result_type(x, scales, biases) != mx::float32 || packed.dtype() != mx::uint32) {
    return false;
  }
  if (x.ndim() == 0 || x.size() == 0 || packed.ndim() != 2 || scales.ndim() != 2 || biases.shape() != scales.shape()) {
    return false;
  }
  const int in = x.shape(-1);
  return in % group_size == 0 && scales.shape(1) == in / group_size && scales.shape(0) == packed.shape(0) &&
      packed.shape(1) * 32 == in * bits;
}

#endif

std::vector<mx::array> quantize(mx::array weight, int group_size, int bits) {
  return mx::quantize(weight, group_size, bits);
}

mx::array dequantize(mx::array packed, mx::array scales, mx::array biases, int group_size, int bits) {
  return mx::dequantize(packed, scales, biases, group_size, bits);
}

// x [..., in] times the transpose of a weight [out, in], packed in groups of `group_size` along its rows -> [..., out].
mx::array quantized_matmul(
    mx::array x, mx::array packed, mx::array scales, mx::array biases, int group_size, int bits) {
  return mx::quantized_matmul(x, packed, scales, biases, /* transpose */ true, group_size, bits);
}

// The same; MLX's own on a GPU and for other dtypes.
mx::array blocked_quantized_matmul(
    mx::array x, mx::array packed, mx::array scales, mx::array biases, int group_size, int bits) {
#ifdef TIDEMARK_OPENBLAS
  if (is_blocked(x, packed, scales, biases, group_size, bits)) {
    return node_of<BlockedQuantizedMatmul>(
        {as_float32(x), mx::contiguous(packed), as_float32(scales), as_float32(biases)}, group_size, bits);
  }
#endif
  return quantized_matmul(x, packed, scales, biases, group_size, bits);
}

} // namespace

const Table tables::quantization = {
    {"quantize", call<quantize>},
    {"dequantize", call<dequantize>},
    {"quantizedMatmul", call<quantized_matmul>},
    {"blockedQuantizedMatmul", call<blocked_quantized_matmul>},
};

} // namespace tidemark
