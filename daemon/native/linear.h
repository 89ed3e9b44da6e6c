#pragma once

#include "mlx/array.h"

namespace tidemark {

namespace mx = mlx::core;

// x [..., in], weight [out, in], bias [out] -> x times the weight's transpose, plus the bias: [..., out].
mx::array linear(mx::array x, mx::array weight, mx::array bias);

} // namespace tidemark
