// Reductions and scans.

#include <numeric>

#include "call.h"

namespace tidemark {

namespace {

using Axes = std::optional<std::vector<int>>;

std::vector<int> axes_or_all(const Axes& axes, const mx::array& a) {
  if (axes.has_value()) {
    return *axes;
  }
  std::vector<int> all(a.ndim());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

template <mx::array (*operation)(const mx::array&, const std::vector<int>&, bool, mx::StreamOrDevice)>
mx::array reduction(mx::array a, Axes axes, bool keep_dims) {
  return operation(a, axes_or_all(axes, a), keep_dims, {});
}

mx::array variance(mx::array a, Axes axes, bool keep_dims) {
  return mx::var(a, axes_or_all(axes, a), keep_dims);
}

mx::array argmax(mx::array a, int axis) {
  return mx::argmax(a, axis);
}

mx::array cumsum(mx::array a, int axis) {
  return mx::cumsum(a, axis);
}

mx::array softmax(mx::array a, int axis) {
  return mx::softmax(a, std::vector<int>{axis});
}

} // namespace

void define_reductions(Napi::Object operations) {
  define(operations, "sum", reduction<mx::sum>);
  define(operations, "mean", reduction<mx::mean>);
  define(operations, "max", reduction<mx::max>);
  define(operations, "min", reduction<mx::min>);
  define(operations, "all", reduction<mx::all>);
  define(operations, "any", reduction<mx::any>);
  define(operations, "variance", variance);
  define(operations, "argmax", argmax);
  define(operations, "cumsum", cumsum);
  define(operations, "softmax", softmax);
}

} // namespace tidemark
