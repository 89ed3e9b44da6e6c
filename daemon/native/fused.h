// Operations on each element that MLX makes one kernel of on a GPU, where an operation costs a launch and its result stays in
// memory until the launches queued with it are done.
#pragma once

#include <vector>

#include "mlx/array.h"
#include "mlx/compile.h"
#include "mlx/device.h"

namespace tidemark {

namespace mx = mlx::core;

using Elementwise = std::vector<mx::array>(const std::vector<mx::array>&);

// What `operation` builds. On the CPU it is not fused: MLX would need a C++ compiler there while it runs.
template <Elementwise* operation>
std::vector<mx::array> fused(const std::vector<mx::array>& inputs) {
  // For any shape, so that what it keeps does not grow with the lengths that were said.
  static const auto compiled = mx::compile(operation, true);
  return mx::default_device() == mx::Device::gpu ? compiled(inputs) : operation(inputs);
}

} // namespace tidemark
