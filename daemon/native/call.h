// Turns C++ functions into Node-API functions: converts the arguments and the result by type, and exceptions to JavaScript
// errors that name the function and the arguments it was given.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <napi.h>

#include "dtypes.h"
#include "handle.h"
#include "mlx/array.h"
#include "mlx/ops.h"

namespace tidemark {

namespace mx = mlx::core;

// An array, or a number that takes its dtype from the other operand, as Python's scalars do in MLX.
using Operand = std::variant<mx::array, double>;

inline double to_number(const Napi::Value& value) {
  if (!value.IsNumber()) {
    throw std::invalid_argument("expected a number");
  }
  return value.As<Napi::Number>().DoubleValue();
}

// How one argument is read; specialized for each type that an operation may take.
template <typename T>
struct Argument;

template <>
struct Argument<mx::array> {
  static mx::array read(const Napi::Value& value) {
    return Handle::from(value).array();
  }
};

template <>
struct Argument<Operand> {
  static Operand read(const Napi::Value& value) {
    if (value.IsNumber()) {
      return to_number(value);
    }
    return Handle::from(value).array();
  }
};

template <>
struct Argument<Handle*> {
  static Handle* read(const Napi::Value& value) {
    return &Handle::from(value);
  }
};

template <>
struct Argument<int> {
  static int read(const Napi::Value& value) {
    const double number = to_number(value);
    if (std::trunc(number) != number || std::abs(number) > 2147483647.0) {
      throw std::invalid_argument("expected a 32-bit integer");
    }
    return static_cast<int>(number);
  }
};

// A number of bytes, or another count. 2^53: beyond it a JavaScript number holds no exact integer.
template <std::unsigned_integral T>
struct Argument<T> {
  static T read(const Napi::Value& value) {
    const double number = to_number(value);
    if (!(number >= 0) || std::trunc(number) != number || number > 9007199254740992.0) {
      throw std::invalid_argument("expected a non-negative integer");
    }
    return static_cast<T>(number);
  }
};

template <std::floating_point T>
struct Argument<T> {
  static T read(const Napi::Value& value) {
    return static_cast<T>(to_number(value));
  }
};

template <>
struct Argument<bool> {
  static bool read(const Napi::Value& value) {
    if (!value.IsBoolean()) {
      throw std::invalid_argument("expected a boolean");
    }
    return value.As<Napi::Boolean>().Value();
  }
};

template <>
struct Argument<std::string> {
  static std::string read(const Napi::Value& value) {
    if (!value.IsString()) {
      throw std::invalid_argument("expected a string");
    }
    return value.As<Napi::String>().Utf8Value();
  }
};

template <>
struct Argument<mx::Dtype> {
  static mx::Dtype read(const Napi::Value& value) {
    return dtype_from_name(Argument<std::string>::read(value));
  }
};

template <>
struct Argument<Napi::TypedArray> {
  static Napi::TypedArray read(const Napi::Value& value) {
    if (!value.IsTypedArray()) {
      throw std::invalid_argument("expected a typed array");
    }
    return value.As<Napi::TypedArray>();
  }
};

// These two take no argument of JavaScript's, so they come last. Everything runs on the default stream.
template <>
struct Argument<mx::StreamOrDevice> {
  static mx::StreamOrDevice read(const Napi::Value&) {
    return {};
  }
};

template <>
struct Argument<Napi::Env> {
  static Napi::Env read(const Napi::Value& value) {
    return value.Env();
  }
};

template <typename T>
struct Argument<std::vector<T>> {
  static std::vector<T> read(const Napi::Value& value) {
    if (!value.IsArray()) {
      throw std::invalid_argument("expected a list");
    }
    const auto list = value.As<Napi::Array>();
    std::vector<T> items;
    items.reserve(list.Length());
    for (uint32_t index = 0; index < list.Length(); ++index) {
      items.push_back(Argument<T>::read(list.Get(index)));
    }
    return items;
  }
};

template <>
struct Argument<mx::Shape> {
  static mx::Shape read(const Napi::Value& value) {
    const auto lengths = Argument<std::vector<int>>::read(value);
    return mx::Shape(lengths.begin(), lengths.end());
  }
};

template <typename T>
struct Argument<std::optional<T>> {
  static std::optional<T> read(const Napi::Value& value) {
    if (value.IsUndefined() || value.IsNull()) {
      return std::nullopt;
    }
    return Argument<T>::read(value);
  }
};

// How a result is handed over; overloaded for each type that a function may give.
inline Napi::Value to_result(Napi::Env, mx::array result) {
  return Handle::wrap(std::move(result));
}

template <typename T>
  requires std::is_arithmetic_v<T>
Napi::Value to_result(Napi::Env env, T result) {
  if constexpr (std::is_same_v<T, bool>) {
    return Napi::Boolean::New(env, result);
  } else {
    return Napi::Number::New(env, static_cast<double>(result));
  }
}

inline Napi::Value to_result(Napi::Env env, const std::string& result) {
  return Napi::String::New(env, result);
}

// A value that is JavaScript's already.
inline Napi::Value to_result(Napi::Env, Napi::Value result) {
  return result;
}

template <typename... T>
Napi::Value to_result(Napi::Env env, const std::variant<T...>& result) {
  return std::visit([env](const auto& value) { return to_result(env, value); }, result);
}

template <typename List>
  requires requires(List list) { list.size(); list[0]; }
Napi::Value to_result(Napi::Env env, const List& results) {
  auto list = Napi::Array::New(env, results.size());
  for (uint32_t index = 0; index < results.size(); ++index) {
    list.Set(index, to_result(env, results[index]));
  }
  return list;
}

template <typename T>
Napi::Value to_result(Napi::Env env, const std::unordered_map<std::string, T>& results) {
  auto object = Napi::Object::New(env);
  for (const auto& [key, value] : results) {
    object.Set(key, to_result(env, value));
  }
  return object;
}

template <typename First, typename Second>
Napi::Value to_result(Napi::Env env, const std::pair<First, Second>& results) {
  auto list = Napi::Array::New(env, 2);
  list.Set(0u, to_result(env, results.first));
  list.Set(1u, to_result(env, results.second));
  return list;
}

// "float32 [1, 3, 512]" of an argument that is a live handle; what it is otherwise.
inline std::string describe(const Napi::Value& value) {
  std::ostringstream out;
  if (value.IsNumber()) {
    out << value.As<Napi::Number>().DoubleValue();
  } else if (value.IsArray()) {
    const auto list = value.As<Napi::Array>();
    out << "[";
    for (uint32_t index = 0; index < list.Length(); ++index) {
      out << (index == 0 ? "" : ", ") << describe(list.Get(index));
    }
    out << "]";
  } else if (value.IsObject()) {
    if (!Handle::is(value)) {
      out << "an object";
    } else if (Handle::from(value).is_disposed()) {
      out << "a disposed tensor";
    } else {
      const auto& array = Handle::from(value).array();
      out << dtype_name(array.dtype()) << " [";
      for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
        out << (axis == 0 ? "" : ", ") << array.shape(static_cast<int>(axis));
      }
      out << "]";
    }
  } else {
    out << value.ToString().Utf8Value();
  }
  return out.str();
}

// An error's text without the "[matmul] " that MLX puts before it: the operation's name stands there already.
inline std::string without_prefix(const std::string& message) {
  const auto end = message.rfind('[', 0) == 0 ? message.find("] ") : std::string::npos;
  return end == std::string::npos ? message : message.substr(end + 2);
}

// "NAME: what (given ARGUMENTS)". Describing never throws: an exception that left it would end the process.
inline std::string failure(const Napi::CallbackInfo& info, const char* name, const std::string& what) {
  std::ostringstream message;
  message << name << ": " << without_prefix(what);
  if (info.Length() > 0) {
    message << " (given ";
    for (std::size_t index = 0; index < info.Length(); ++index) {
      message << (index == 0 ? "" : ", ");
      try {
        message << describe(info[index]);
      } catch (const std::exception&) {
        message << "a value that cannot be described";
      }
    }
    message << ")";
  }
  return message.str();
}

// Runs `body`, turning a C++ exception into a JavaScript error.
template <typename Body>
Napi::Value guarded(const Napi::CallbackInfo& info, const char* name, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), failure(info, name, error.what()));
  } catch (...) {
    throw Napi::Error::New(info.Env(), failure(info, name, "failed without a reason"));
  }
}

template <typename Result, typename... Arguments, std::size_t... Indices>
Napi::Value apply_arguments(
    const Napi::CallbackInfo& info, Result (*function)(Arguments...), std::index_sequence<Indices...>) {
  // Braces evaluate from left to right, so the first bad argument is the one that is reported.
  std::tuple<std::decay_t<Arguments>...> arguments{Argument<std::decay_t<Arguments>>::read(info[Indices])...};
  if constexpr (std::is_void_v<Result>) {
    std::apply(function, std::move(arguments));
    return info.Env().Undefined();
  } else {
    return to_result(info.Env(), std::apply(function, std::move(arguments)));
  }
}

using Callback = Napi::Value (*)(const Napi::CallbackInfo&);

// A C++ function as one that JavaScript can call; the name for its errors comes with the callback.
template <auto function>
Napi::Value call(const Napi::CallbackInfo& info) {
  return guarded(info, static_cast<const char*>(info.Data()), [&]() -> Napi::Value {
    const auto apply = [&]<typename Result, typename... Arguments>(Result (*target)(Arguments...)) {
      return apply_arguments(info, target, std::index_sequence_for<Arguments...>{});
    };
    return apply(function);
  });
}

// That one of a function's overloads which has this signature.
template <typename Signature>
constexpr Signature* overload(Signature* function) {
  return function;
}

// What one domain exports, by its names in JavaScript.
using Table = std::vector<std::pair<const char*, Callback>>;

// Each is defined in the file of its domain.
namespace tables {

extern const Table arithmetic, convolutions, device, device_memory, lean_convolutions, linear_algebra, lstm, memory, norms,
    process, quantization, random, safetensors, shapes, sine, tensors, trace, walk;

} // namespace tables

} // namespace tidemark
