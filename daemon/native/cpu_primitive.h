// Operations of our own on the CPU, for libmlx's graphs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mlx/allocator.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/ops.h"
#include "mlx/primitives.h"
#include "mlx/scheduler.h"

namespace tidemark {

namespace mx = mlx::core;

inline bool on_cpu() {
  return mx::default_device() == mx::Device::cpu;
}

// What runs in the place of MLX's own operation where the default device is the CPU, with one result.
class CpuPrimitive : public mx::UnaryPrimitive {
 public:
  CpuPrimitive() : mx::UnaryPrimitive(mx::default_stream(mx::default_device())) {}

  void eval_gpu(const std::vector<mx::array>&, mx::array&) override {
    throw std::runtime_error(std::string(name()) + " is for the CPU, but was sent to a GPU, where MLX's own is used");
  }

 protected:
  // Queues `work`, which reads the inputs and writes to `out`, and uses the room, which is freed after it.
  //
  // MLX gives an array its memory as it queues the operation that writes to it, and goes on until more than 10 tasks are
  // queued; but it counts only every tenth operation as a task, whatever it takes. Where large arrays come, the peak would
  // depend on where in that count they begin. So each operation on them is a task.
  template <typename Work>
  void queue(
      const std::vector<mx::array>& inputs, mx::array& out, const std::vector<mx::array>& room, Work&& work) {
    auto& encoder = mx::cpu::get_command_encoder(stream());
    std::size_t largest = out.nbytes();
    for (const auto& input : inputs) {
      encoder.set_input_array(input);
      largest = std::max(largest, input.nbytes());
    }
    encoder.set_output_array(out);
    encoder.add_temporaries(room);
    constexpr std::size_t kLarge = 1 << 20;
    if (largest < kLarge) {
      encoder.dispatch(std::forward<Work>(work));
      return;
    }
    mx::scheduler::notify_new_task(stream());
    mx::scheduler::enqueue(stream(), std::forward<Work>(work));
    mx::scheduler::enqueue(stream(), [stream = stream()] { mx::scheduler::notify_task_completion(stream); });
  }
};

// A node of the graph that runs `Primitive`, constructed with `arguments`, on `inputs`, with a result of `dtype`.
template <typename Primitive, typename... Arguments>
mx::array node_of_dtype(mx::Dtype dtype, std::vector<mx::array> inputs, Arguments... arguments) {
  const auto primitive = std::make_shared<Primitive>(arguments...);
  const auto shape = primitive->output_shapes(inputs)[0];
  return mx::array(shape, dtype, primitive, std::move(inputs));
}

template <typename Primitive, typename... Arguments>
mx::array node_of(std::vector<mx::array> inputs, Arguments... arguments) {
  return node_of_dtype<Primitive>(mx::float32, std::move(inputs), arguments...);
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
