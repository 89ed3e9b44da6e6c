// MLX's dtypes by the names that cross into JavaScript.
#pragma once

#include <stdexcept>
#include <string>

#include "mlx/dtype.h"

namespace tidemark {

struct NamedDtype {
  const char* name;
  mlx::core::Dtype dtype;
};

inline const NamedDtype named_dtypes[] = {
    {"bool", mlx::core::bool_},
    {"uint8", mlx::core::uint8},
    {"uint16", mlx::core::uint16},
    {"uint32", mlx::core::uint32},
    {"int8", mlx::core::int8},
    {"int16", mlx::core::int16},
    {"int32", mlx::core::int32},
    {"int64", mlx::core::int64},
    {"float16", mlx::core::float16},
    {"bfloat16", mlx::core::bfloat16},
    {"float32", mlx::core::float32},
    {"complex64", mlx::core::complex64},
};

inline const char* dtype_name(mlx::core::Dtype dtype) {
  for (const auto& named : named_dtypes) {
    if (named.dtype == dtype) {
      return named.name;
    }
  }
  throw std::invalid_argument("a dtype that has no name in JavaScript");
}

inline mlx::core::Dtype dtype_from_name(const std::string& name) {
  for (const auto& named : named_dtypes) {
    if (name == named.name) {
      return named.dtype;
    }
  }
  throw std::invalid_argument("unknown dtype " + name);
}

} // namespace tidemark
