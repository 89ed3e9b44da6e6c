#include "handle.h"

#include <stdexcept>
#include <utility>

namespace tidemark {

namespace {

// MLX stays on the one thread that JavaScript runs on, and so do these.
std::size_t live_handles = 0;
std::size_t finalized_undisposed = 0;
Napi::FunctionReference* constructor = nullptr;

// Marks objects as handles, so that a foreign object is refused rather than reinterpreted.
constexpr napi_type_tag type_tag = {0x7469'6465'6d61'726bULL, 0x6172'7261'7968'646cULL};

} // namespace

Handle::Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Handle>(info) {
  info.This().As<Napi::Object>().TypeTag(&type_tag);
}

Handle::~Handle() {
  if (array_.has_value()) {
    ++finalized_undisposed;
    dispose();
  }
}

void Handle::define(Napi::Env env) {
  if (constructor != nullptr) {
    throw Napi::Error::New(
        env, "libmlx's streams belong to one thread, and another thread of this process already loaded it");
  }
  constructor = new Napi::FunctionReference(Napi::Persistent(DefineClass(env, "Handle", {})));
}

Napi::Object Handle::wrap(mlx::core::array array) {
  Napi::Object object = constructor->New({});
  Unwrap(object)->array_ = std::move(array);
  ++live_handles;
  return object;
}

bool Handle::is(const Napi::Value& value) {
  return value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&type_tag);
}

Handle& Handle::from(const Napi::Value& value) {
  if (!is(value)) {
    throw std::invalid_argument("expected a tensor");
  }
  return *Unwrap(value.As<Napi::Object>());
}

const mlx::core::array& Handle::array() const {
  if (!array_.has_value()) {
    throw std::invalid_argument("a tensor was used after it was disposed");
  }
  return *array_;
}

void Handle::dispose() {
  if (array_.has_value()) {
    array_.reset();
    --live_handles;
  }
}

std::size_t Handle::live() {
  return live_handles;
}

std::size_t Handle::undisposed_finalized() {
  return finalized_undisposed;
}

} // namespace tidemark
