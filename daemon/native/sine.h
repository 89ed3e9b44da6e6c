// The sine: MLX's own on a GPU and for other dtypes, a vectorised one for float32 on the CPU.
#pragma once

#include "mlx/array.h"

namespace tidemark {

mlx::core::array sine(mlx::core::array x);

} // namespace tidemark
