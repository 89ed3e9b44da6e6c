// Memory figures and limits, evaluation's ends, the process's own, the device, and what MLX was built with.

#include "mlx/memory.h"

#include <algorithm>
#include <string>
#include <variant>

#include "call.h"
#include "footprint.h"
#include "mlx/device.h"
#include "mlx/random.h"
#include "mlx/stream.h"
#include "mlx/version.h"
#include "parent.h"

#ifdef TIDEMARK_OPENBLAS
#include <cblas.h>
#endif

namespace tidemark {

namespace {

// Adds a function that takes no argument and gives a number of bytes.
template <typename Function>
void define_figure(Napi::Object exports, const char* name, Function function) {
  exports.Set(name, Napi::Function::New(exports.Env(), [name, function](const Napi::CallbackInfo& info) {
    return guarded(info, name, [&]() -> Napi::Value {
      return Napi::Number::New(info.Env(), static_cast<double>(function()));
    });
  }, name));
}

// Adds a function that takes no argument and gives nothing.
template <typename Function>
void define_action(Napi::Object exports, const char* name, Function function) {
  exports.Set(name, Napi::Function::New(exports.Env(), [name, function](const Napi::CallbackInfo& info) {
    return guarded(info, name, [&]() -> Napi::Value {
      function();
      return info.Env().Undefined();
    });
  }, name));
}

// Adds a function that sets a limit in bytes and gives the previous one.
template <typename Function>
void define_limit(Napi::Object exports, const char* name, Function function) {
  exports.Set(name, Napi::Function::New(exports.Env(), [name, function](const Napi::CallbackInfo& info) {
    return guarded(info, name, [&]() -> Napi::Value {
      const double bytes = to_number(info[0]);
      if (!(bytes >= 0)) {
        throw std::invalid_argument("a limit is a number of bytes, 0 at the least");
      }
      // 2^53: beyond it a JavaScript number holds no exact integer, and no machine has as much.
      const double most = 9007199254740992.0;
      return Napi::Number::New(
          info.Env(), static_cast<double>(function(static_cast<size_t>(std::min(bytes, most)))));
    });
  }, name));
}

Napi::Value seed(const Napi::CallbackInfo& info) {
  return guarded(info, "seed", [&]() -> Napi::Value {
    const double value = to_number(info[0]);
    if (!(value >= 0) || std::trunc(value) != value || value > 9007199254740991.0) {
      throw std::invalid_argument("a seed is a non-negative integer");
    }
    mx::random::seed(static_cast<uint64_t>(value));
    return info.Env().Undefined();
  });
}

Napi::Value end_with(const Napi::CallbackInfo& info) {
  return guarded(info, "endWithParent", [&]() -> Napi::Value {
    end_with_parent(static_cast<pid_t>(to_number(info[0])));
    return info.Env().Undefined();
  });
}

Napi::Value device(const Napi::CallbackInfo& info) {
  return guarded(info, "device", [&]() -> Napi::Value {
    auto properties = Napi::Object::New(info.Env());
    for (const auto& [key, value] : mx::device_info(mx::default_device())) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        properties.Set(key, Napi::String::New(info.Env(), *text));
      } else {
        properties.Set(key, Napi::Number::New(info.Env(), static_cast<double>(std::get<size_t>(value))));
      }
    }
    auto description = Napi::Object::New(info.Env());
    description.Set("type", mx::default_device() == mx::Device::gpu ? "gpu" : "cpu");
    description.Set("info", properties);
    return description;
  });
}

Napi::Value version(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), mx::version());
}

Napi::Value blas(const Napi::CallbackInfo& info) {
#ifdef TIDEMARK_OPENBLAS
  return Napi::String::New(info.Env(), scipy_openblas_get_config());
#else
  return Napi::String::New(info.Env(), "Accelerate");
#endif
}

} // namespace

void define_memory(Napi::Object exports) {
  define_figure(exports, "activeBytes", mx::get_active_memory);
  define_figure(exports, "peakBytes", mx::get_peak_memory);
  define_figure(exports, "cacheBytes", mx::get_cache_memory);
  define_figure(exports, "memoryLimit", mx::get_memory_limit);
  define_figure(exports, "footprintBytes", footprint_bytes);
  define_figure(exports, "liveHandles", Handle::live);
  define_figure(exports, "undisposedFinalized", Handle::undisposed_finalized);
  define_action(exports, "resetPeak", mx::reset_peak_memory);
  define_action(exports, "clearCache", mx::clear_cache);
  define_action(exports, "synchronize", [] { mx::synchronize(); });
  define_action(exports, "releaseFreeMemory", release_free_memory);
  define_limit(exports, "setCacheLimit", mx::set_cache_limit);
  define_limit(exports, "setMemoryLimit", mx::set_memory_limit);
  exports.Set("endWithParent", Napi::Function::New(exports.Env(), end_with, "endWithParent"));
  exports.Set("seed", Napi::Function::New(exports.Env(), seed, "seed"));
  exports.Set("device", Napi::Function::New(exports.Env(), device, "device"));
  exports.Set("version", Napi::Function::New(exports.Env(), version, "version"));
  exports.Set("blas", Napi::Function::New(exports.Env(), blas, "blas"));
}

} // namespace tidemark
