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
