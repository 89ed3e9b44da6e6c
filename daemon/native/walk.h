// The order in which the operations of a graph are evaluated, and evaluation one operation, or a few, at a time in it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "mlx/array.h"

namespace tidemark {

namespace mx = mlx::core;

// `mlx`: as `mx::eval` would take them, breadth first from the end of the graph with a limited width. `depth_first`: each as late
// as its result is needed, the inputs of an operation in their order.
enum class Order { mlx, depth_first };

Order order_from_name(const std::string& name);

// One array of each operation that `outputs` still need, the first to be evaluated at the back. Whoever evaluates takes each out
// before its operation runs, as MLX does: a reference that is left here would keep a buffer from being donated.
std::vector<mx::array> tape_of(const std::vector<mx::array>& outputs, Order order);

} // namespace tidemark
