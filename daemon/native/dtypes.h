// MLX's dtypes by the names that cross into JavaScript.
#pragma once

#include <stdexcept>
#include <string>

#include "mlx/dtype.h"

namespace tidemark {

// Every dtype of MLX has a name here, and no other: the compiler warns of one that a newer MLX adds.
inline const char* dtype_name(mlx::core::Dtype dtype) noexcept {
  using Val = mlx::core::Dtype::Val;
  switch (dtype.val()) {
    case Val::bool_:
      return "bool";
    case Val::uint8:
      return "uint8";
    case Val::uint16:
      return "uint16";
    case Val::uint32:
      return "uint32";
    case Val::uint64:
      return "uint64";
    case Val::int8:
      return "int8";
    case Val::int16:
      return "int16";
    case Val::int32:
      return "int32";
    case Val::int64:
      return "int64";
    case Val::float16:
      return "float16";
    case Val::float32:
      return "float32";
    case Val::float64:
      return "float64";
    case Val::bfloat16:
      return "bfloat16";
    case Val::complex64:
      return "complex64";
  }
  return "unknown";
}

inline mlx::core::Dtype dtype_from_name(const std::string& name) {
  using namespace mlx::core;
  for (const auto dtype :
       {bool_, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32, float64, bfloat16,
        complex64}) {
    if (name == dtype_name(dtype)) {
      return dtype;
    }
  }
  throw std::invalid_argument("unknown dtype " + name);
}

} // namespace tidemark
