// Creation, views, joining, splitting and indexing.

#include "call.h"

namespace tidemark {

namespace {

mx::array full(mx::Shape shape, double value, mx::Dtype dtype) {
  return mx::full(std::move(shape), mx::array(static_cast<float>(value)), dtype);
}

mx::array arange(double start, double stop, double step, mx::Dtype dtype) {
  return mx::arange(start, stop, step, dtype);
}

mx::array reshape(mx::array a, mx::Shape shape) {
  return mx::reshape(a, std::move(shape));
}

mx::array transpose(mx::array a, std::optional<std::vector<int>> axes) {
  return axes.has_value() ? mx::transpose(a, *axes) : mx::transpose(a);
}

mx::array expand_dims(mx::array a, int axis) {
  return mx::expand_dims(a, axis);
}

mx::array squeeze(mx::array a, int axis) {
  return mx::squeeze(a, axis);
}

mx::array broadcast_to(mx::array a, mx::Shape shape) {
  return mx::broadcast_to(a, shape);
}

mx::array concatenate(std::vector<mx::array> parts, int axis) {
  return mx::concatenate(std::move(parts), axis);
}

mx::array stack(std::vector<mx::array> parts, int axis) {
  return mx::stack(parts, axis);
}

std::vector<mx::array> split(mx::array a, int parts, int axis) {
  return mx::split(a, parts, axis);
}

int positive_axis(const mx::array& a, int axis) {
  const int dimensions = static_cast<int>(a.ndim());
  const int positive = axis < 0 ? axis + dimensions : axis;
  if (positive < 0 || positive >= dimensions) {
    throw std::invalid_argument("axis " + std::to_string(axis) + " is out of range");
  }
  return positive;
}

mx::array slice(mx::array a, int axis, int start, std::optional<int> stop, int step) {
  if (step == 0) {
    throw std::invalid_argument("the step is 0");
  }
  const int sliced = positive_axis(a, axis);
  mx::Shape starts(a.ndim(), 0);
  mx::Shape stops = a.shape();
  mx::Shape steps(a.ndim(), 1);
  starts[sliced] = start;
  // Before the first element, where a backward slice ends: -1 would count from the end.
  stops[sliced] = stop.value_or(step > 0 ? a.shape(sliced) : -a.shape(sliced) - 1);
  steps[sliced] = step;
  return mx::slice(a, std::move(starts), std::move(stops), std::move(steps));
}

mx::array take(mx::array a, mx::array indices, int axis) {
  return mx::take(a, indices, axis);
}

mx::array repeat(mx::array a, int count, int axis) {
  return mx::repeat(a, count, axis);
}

mx::array tile(mx::array a, std::vector<int> counts) {
  return mx::tile(a, std::move(counts));
}

mx::array pad(mx::array a, std::vector<int> low, std::vector<int> high) {
  if (low.size() != a.ndim() || high.size() != a.ndim()) {
    throw std::invalid_argument("expected one width an axis on each side");
  }
  std::vector<std::pair<int, int>> widths;
  for (std::size_t axis = 0; axis < low.size(); ++axis) {
    widths.emplace_back(low[axis], high[axis]);
  }
  return mx::pad(a, widths);
}

mx::array as_strided(mx::array a, mx::Shape shape, std::vector<int> strides) {
  return mx::as_strided(a, std::move(shape), mx::Strides(strides.begin(), strides.end()), 0);
}

mx::array contiguous(mx::array a) {
  return mx::contiguous(a);
}

mx::array scatter_add(mx::array a, mx::array indices, mx::array updates) {
  return mx::scatter_add(a, std::vector<mx::array>{indices}, mx::expand_dims(updates, 1), {0});
}

} // namespace

void define_shapes(Napi::Object operations) {
  define(operations, "full", full);
  define(operations, "arange", arange);
  define(operations, "reshape", reshape);
  define(operations, "transpose", transpose);
  define(operations, "expandDims", expand_dims);
  define(operations, "squeeze", squeeze);
  define(operations, "broadcastTo", broadcast_to);
  define(operations, "concatenate", concatenate);
  define(operations, "stack", stack);
  define(operations, "split", split);
  define(operations, "slice", slice);
  define(operations, "take", take);
  define(operations, "repeat", repeat);
  define(operations, "tile", tile);
  define(operations, "pad", pad);
  define(operations, "asStrided", as_strided);
  define(operations, "contiguous", contiguous);
  define(operations, "scatterAdd", scatter_add);
}

} // namespace tidemark
