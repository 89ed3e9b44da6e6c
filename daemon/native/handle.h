// A JavaScript object that holds one reference to an mlx::core::array, and counts itself.
#pragma once

#include <cstddef>
#include <optional>

#include <napi.h>

#include "mlx/array.h"

namespace tidemark {

class Handle : public Napi::ObjectWrap<Handle> {
 public:
  explicit Handle(const Napi::CallbackInfo& info);
  ~Handle() override;

  // Makes the class known to `env`; before any other call. Throws a Napi::Error in a second thread's environment.
  static void define(Napi::Env env);

  // Wraps an array in a new handle.
  static Napi::Object wrap(mlx::core::array array);

  static bool is(const Napi::Value& value);

  // The handle behind a JavaScript value. Throws std::invalid_argument when it is something else.
  static Handle& from(const Napi::Value& value);

  // The array. Throws std::invalid_argument after dispose.
  const mlx::core::array& array() const;

  bool is_disposed() const {
    return !array_.has_value();
  }

  void dispose();

  // Handles that hold an array now.
  static std::size_t live();

  // Handles that the collector found before anyone disposed of them.
  static std::size_t undisposed_finalized();

 private:
  std::optional<mlx::core::array> array_;
};

} // namespace tidemark
