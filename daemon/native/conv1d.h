// 1-D convolutions: MLX's own on a GPU, matrix products on the CPU.
#pragma once

#include "mlx/array.h"

namespace tidemark {

// x [batch, length, in], weight [out, kernel, in / groups] -> [batch, length', out].
mlx::core::array conv1d(
    mlx::core::array x, mlx::core::array weight, int stride, int padding, int dilation, int groups);

// The same shapes; length' = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1.
mlx::core::array conv_transpose1d(
    mlx::core::array x, mlx::core::array weight, int stride, int padding, int dilation, int groups);

} // namespace tidemark
