// Products with a packed weight: MLX's own on a GPU and for other dtypes, blocks of expanded rows for float32 on the CPU.
#pragma once

#include "mlx/array.h"

namespace tidemark {

// x [..., in] times the transpose of a weight [out, in], packed in groups of `group_size` along its rows -> [..., out].
mlx::core::array blocked_quantized_matmul(
    mlx::core::array x,
    mlx::core::array packed,
    mlx::core::array scales,
    mlx::core::array biases,
    int group_size,
    int bits);

} // namespace tidemark
