// A tensor's handle: made from JavaScript's data, described, evaluated, read and disposed of.

#include <cstring>

#include "call.h"
#include "mlx/allocator.h"
#include "mlx/transforms.h"

namespace tidemark {

namespace {

mx::array from_data(Napi::TypedArray source, mx::Shape shape, mx::Dtype dtype) {
  std::size_t bytes = mx::size_of(dtype);
  for (const auto length : shape) {
    if (length < 0) {
      throw std::invalid_argument("a shape cannot have negative lengths");
    }
    bytes *= static_cast<std::size_t>(length);
  }
  if (bytes != source.ByteLength()) {
    throw std::invalid_argument(
        "the shape and dtype need " + std::to_string(bytes) + " bytes, but the data has " +
        std::to_string(source.ByteLength()));
  }
  auto data = mx::allocator::malloc(bytes);
  if (bytes > 0) {
    auto buffer = data.buffer();
    std::memcpy(
        buffer.raw_ptr(), static_cast<const std::uint8_t*>(source.ArrayBuffer().Data()) + source.ByteOffset(), bytes);
  }
  return mx::array(std::move(data), shape, dtype);
}

Napi::Value read_data(mx::array a, Napi::Env env) {
  auto array = mx::contiguous(std::move(a));
  array.eval();
  auto data = Napi::ArrayBuffer::New(env, array.nbytes());
  if (array.nbytes() > 0) {
    std::memcpy(data.Data(), array.data<std::uint8_t>(), array.nbytes());
  }
  return data;
}

struct NonFinite {
  std::size_t nan = 0;
  std::size_t infinite = 0;
};

// By the bits: an exponent of ones is an infinity without a fraction, and NaN with one.
template <typename Word>
NonFinite non_finite_of(const Word* words, std::size_t count, Word exponent, Word fraction) {
  NonFinite found;
  // Nearly always nothing is found, and looking for anything at all is several times as fast as counting.
  Word any = 0;
  for (std::size_t index = 0; index < count; ++index) {
    any |= static_cast<Word>((words[index] & exponent) == exponent);
  }
  if (any == 0) {
    return found;
  }
  for (std::size_t index = 0; index < count; ++index) {
    const bool is_special = (words[index] & exponent) == exponent;
    const bool has_fraction = (words[index] & fraction) != 0;
    found.nan += is_special && has_fraction;
    found.infinite += is_special && !has_fraction;
  }
  return found;
}

NonFinite non_finite_of(const mx::array& a) {
  using Val = mx::Dtype::Val;
  switch (a.dtype().val()) {
    case Val::float16:
      return non_finite_of<std::uint16_t>(a.data<std::uint16_t>(), a.size(), 0x7c00, 0x03ff);
    case Val::bfloat16:
      return non_finite_of<std::uint16_t>(a.data<std::uint16_t>(), a.size(), 0x7f80, 0x007f);
    case Val::float32:
      return non_finite_of<std::uint32_t>(a.data<std::uint32_t>(), a.size(), 0x7f80'0000, 0x007f'ffff);
    case Val::complex64:
      return non_finite_of<std::uint32_t>(a.data<std::uint32_t>(), 2 * a.size(), 0x7f80'0000, 0x007f'ffff);
    case Val::float64:
      return non_finite_of<std::uint64_t>(
          a.data<std::uint64_t>(), a.size(), 0x7ff0'0000'0000'0000, 0x000f'ffff'ffff'ffff);
    default:
      return {};
  }
}

// NaN and infinite elements, counted where they lie: nothing is allocated for a row-contiguous array, so that a measured
// one can be looked at without a change of what is measured.
std::pair<std::size_t, std::size_t> count_non_finite(mx::array a) {
  auto array = std::move(a);
  array.eval();
  if (!array.flags().row_contiguous) {
    array = mx::contiguous(array);
    array.eval();
  }
  if (array.size() == 0) {
    return {0, 0};
  }
  const auto found = non_finite_of(array);
  return {found.nan, found.infinite};
}

mx::Shape shape(mx::array a) {
  return a.shape();
}

std::string dtype(mx::array a) {
  return dtype_name(a.dtype());
}

std::size_t nbytes(mx::array a) {
  return a.nbytes();
}

void dispose(Handle* handle) {
  handle->dispose();
}

bool is_disposed(Handle* handle) {
  return handle->is_disposed();
}

} // namespace

const Table tables::tensors = {
    {"array", call<from_data>},
    {"readData", call<read_data>},
    {"countNonFinite", call<count_non_finite>},
    {"evaluate", call<overload<void(std::vector<mx::array>)>(mx::eval)>},
    {"shape", call<shape>},
    {"dtype", call<dtype>},
    {"nbytes", call<nbytes>},
    {"dispose", call<dispose>},
    {"isDisposed", call<is_disposed>},
    {"liveHandles", call<Handle::live>},
    {"undisposedFinalized", call<Handle::undisposed_finalized>},
};

} // namespace tidemark
