// Turns C++ functions over MLX arrays into Node-API functions: converts the arguments by type, and exceptions to
// JavaScript errors that name the operation and the shapes it was given.
#pragma once

#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
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

inline int to_int(const Napi::Value& value) {
  const double number = to_number(value);
  if (std::trunc(number) != number || std::abs(number) > 2147483647.0) {
    throw std::invalid_argument("expected a 32-bit integer");
  }
  return static_cast<int>(number);
}

// How one argument is read; specialised for each type that an operation may take.
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
struct Argument<int> {
  static int read(const Napi::Value& value) {
    return to_int(value);
  }
};

template <>
struct Argument<double> {
  static double read(const Napi::Value& value) {
    return to_number(value);
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
struct Argument<mx::Dtype> {
  static mx::Dtype read(const Napi::Value& value) {
    if (!value.IsString()) {
      throw std::invalid_argument("expected a dtype's name");
    }
    return dtype_from_name(value.As<Napi::String>().Utf8Value());
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

inline Napi::Value to_result(Napi::Env, mx::array result) {
  return Handle::wrap(std::move(result));
}

inline Napi::Value to_result(Napi::Env env, std::vector<mx::array> results) {
  auto list = Napi::Array::New(env, results.size());
  for (uint32_t index = 0; index < results.size(); ++index) {
    list.Set(index, Handle::wrap(std::move(results[index])));
  }
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

// Runs `body`, turning a C++ exception into a JavaScript error: "NAME: what (given ARGUMENTS)".
template <typename Body>
Napi::Value guarded(const Napi::CallbackInfo& info, const char* name, Body body) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    std::ostringstream message;
    message << name << ": " << without_prefix(error.what());
    if (info.Length() > 0) {
      message << " (given ";
      for (std::size_t index = 0; index < info.Length(); ++index) {
        message << (index == 0 ? "" : ", ") << describe(info[index]);
      }
      message << ")";
    }
    throw Napi::Error::New(info.Env(), message.str());
  }
}

template <typename Result, typename... Arguments, std::size_t... Indices>
Result apply_arguments(
    const Napi::CallbackInfo& info, Result (*function)(Arguments...), std::index_sequence<Indices...>) {
  // Braces evaluate from left to right, so the first bad argument is the one that is reported.
  std::tuple<Arguments...> arguments{Argument<Arguments>::read(info[Indices])...};
  return std::apply(function, std::move(arguments));
}

// Adds `function` to `operations` under `name`.
template <typename Result, typename... Arguments>
void define(Napi::Object operations, const char* name, Result (*function)(Arguments...)) {
  const auto wrapper = [name, function](const Napi::CallbackInfo& info) -> Napi::Value {
    return guarded(info, name, [&]() -> Napi::Value {
      return to_result(info.Env(), apply_arguments(info, function, std::index_sequence_for<Arguments...>{}));
    });
  };
  operations.Set(name, Napi::Function::New(operations.Env(), wrapper, name));
}

void define_elementwise(Napi::Object operations);
void define_reductions(Napi::Object operations);
void define_shapes(Napi::Object operations);
void define_network(Napi::Object operations);

void define_io(Napi::Object exports);
void define_memory(Napi::Object exports);
void define_plant(Napi::Object exports);

} // namespace tidemark
