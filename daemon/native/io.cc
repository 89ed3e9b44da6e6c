// Data in and out: JavaScript's typed arrays, and safetensors files.

#include "mlx/io.h"

#include <cstring>
#include <unordered_map>

#include "call.h"
#include "mlx/allocator.h"
#include "mlx/transforms.h"

namespace tidemark {

namespace {

Napi::Value from_data(const Napi::CallbackInfo& info) {
  return guarded(info, "array", [&]() -> Napi::Value {
    if (!info[0].IsTypedArray()) {
      throw std::invalid_argument("expected a typed array");
    }
    const auto source = info[0].As<Napi::TypedArray>();
    const auto shape = Argument<mx::Shape>::read(info[1]);
    const auto dtype = Argument<mx::Dtype>::read(info[2]);
    std::size_t bytes = mx::size_of(dtype);
    for (const auto length : shape) {
      if (length < 0) {
        throw std::invalid_argument("a shape has no negative lengths");
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
          buffer.raw_ptr(),
          static_cast<const std::uint8_t*>(source.ArrayBuffer().Data()) + source.ByteOffset(),
          bytes);
    }
    return Handle::wrap(mx::array(std::move(data), shape, dtype));
  });
}

Napi::Value read_data(const Napi::CallbackInfo& info) {
  return guarded(info, "readData", [&]() -> Napi::Value {
    auto array = mx::contiguous(Argument<mx::array>::read(info[0]));
    array.eval();
    auto data = Napi::ArrayBuffer::New(info.Env(), array.nbytes());
    if (array.nbytes() > 0) {
      std::memcpy(data.Data(), array.data<std::uint8_t>(), array.nbytes());
    }
    return data;
  });
}

Napi::Value evaluate(const Napi::CallbackInfo& info) {
  return guarded(info, "evaluate", [&]() -> Napi::Value {
    mx::eval(Argument<std::vector<mx::array>>::read(info[0]));
    return info.Env().Undefined();
  });
}

Napi::Value shape(const Napi::CallbackInfo& info) {
  return guarded(info, "shape", [&]() -> Napi::Value {
    const auto& array = Handle::from(info[0]).array();
    auto lengths = Napi::Array::New(info.Env(), array.ndim());
    for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
      lengths.Set(static_cast<uint32_t>(axis), array.shape(static_cast<int>(axis)));
    }
    return lengths;
  });
}

Napi::Value dtype(const Napi::CallbackInfo& info) {
  return guarded(info, "dtype", [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), dtype_name(Handle::from(info[0]).array().dtype()));
  });
}

Napi::Value nbytes(const Napi::CallbackInfo& info) {
  return guarded(info, "nbytes", [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(Handle::from(info[0]).array().nbytes()));
  });
}

Napi::Value dispose(const Napi::CallbackInfo& info) {
  return guarded(info, "dispose", [&]() -> Napi::Value {
    Handle::from(info[0]).dispose();
    return info.Env().Undefined();
  });
}

Napi::Value is_disposed(const Napi::CallbackInfo& info) {
  return guarded(info, "isDisposed", [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), Handle::from(info[0]).is_disposed());
  });
}

std::string path_of(const Napi::Value& value) {
  if (!value.IsString()) {
    throw std::invalid_argument("expected a file's path");
  }
  return value.As<Napi::String>().Utf8Value();
}

Napi::Value load_safetensors(const Napi::CallbackInfo& info) {
  return guarded(info, "loadSafetensors", [&]() -> Napi::Value {
    auto [arrays, metadata] = mx::load_safetensors(path_of(info[0]));
    auto tensors = Napi::Object::New(info.Env());
    for (auto& [name, array] : arrays) {
      tensors.Set(name, Handle::wrap(array));
    }
    auto texts = Napi::Object::New(info.Env());
    for (const auto& [key, text] : metadata) {
      texts.Set(key, Napi::String::New(info.Env(), text));
    }
    auto loaded = Napi::Object::New(info.Env());
    loaded.Set("tensors", tensors);
    loaded.Set("metadata", texts);
    return loaded;
  });
}

Napi::Value save_safetensors(const Napi::CallbackInfo& info) {
  return guarded(info, "saveSafetensors", [&]() -> Napi::Value {
    const auto path = path_of(info[0]);
    std::unordered_map<std::string, mx::array> arrays;
    for (const auto& [name, handle] : info[1].As<Napi::Object>()) {
      arrays.emplace(
          name.As<Napi::String>().Utf8Value(),
          Handle::from(static_cast<Napi::Value>(handle)).array());
    }
    std::unordered_map<std::string, std::string> metadata;
    for (const auto& [key, text] : info[2].As<Napi::Object>()) {
      metadata.emplace(
          key.As<Napi::String>().Utf8Value(),
          static_cast<Napi::Value>(text).As<Napi::String>().Utf8Value());
    }
    mx::save_safetensors(path, std::move(arrays), std::move(metadata));
    return info.Env().Undefined();
  });
}

} // namespace

void define_io(Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(exports.Env(), function, name));
  };
  add("fromData", from_data);
  add("readData", read_data);
  add("evaluate", evaluate);
  add("shape", shape);
  add("dtype", dtype);
  add("nbytes", nbytes);
  add("dispose", dispose);
  add("isDisposed", is_disposed);
  add("loadSafetensors", load_safetensors);
  add("saveSafetensors", save_safetensors);
}

} // namespace tidemark
