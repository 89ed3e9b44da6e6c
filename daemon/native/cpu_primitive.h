// Operations of our own on the CPU, for libmlx's graphs.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mlx/allocator.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/ops.h"
#include "mlx/primitives.h"

namespace tidemark {

namespace mx = mlx::core;

inline bool on_cpu() {
  return mx::default_device() == mx::Device::cpu;
}

// What runs in the place of MLX's own operation where the default device is the CPU, with one float32 result.
class CpuPrimitive : public mx::UnaryPrimitive {
 public:
  CpuPrimitive() : mx::UnaryPrimitive(mx::default_stream(mx::default_device())) {}

  void eval_gpu(const std::vector<mx::array>&, mx::array&) override {
    throw std::runtime_error(std::string(name()) + " is for the CPU, but was sent to a GPU, where MLX's own is used");
  }
};

// A node of the graph that runs `Primitive`, constructed with `arguments`, on `inputs`.
template <typename Primitive, typename... Arguments>
mx::array node_of(std::vector<mx::array> inputs, Arguments... arguments) {
  const auto primitive = std::make_shared<Primitive>(arguments...);
  const auto shape = primitive->output_shapes(inputs)[0];
  return mx::array(shape, mx::float32, primitive, std::move(inputs));
}

// Room for float32 numbers beside inputs and output, from MLX's allocator, so that its counters see it.
inline mx::array scratch(mx::Shape shape) {
  mx::array room(std::move(shape), mx::float32, nullptr, {});
  room.set_data(mx::allocator::malloc(room.nbytes()));
  return room;
}

// Row-contiguous float32 elements, copied only where they are not so already.
inline mx::array as_float32(const mx::array& a) {
  return mx::contiguous(mx::astype(a, mx::float32));
}

} // namespace tidemark
