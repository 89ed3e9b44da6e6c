// Creation, views, joining, splitting and indexing.

#include "call.h"

namespace tidemark {

namespace {

mx::array full(mx::Shape shape, double value, mx::Dtype dtype) {
  return mx::full(std::move(shape), mx::array(static_cast<float>(value)), dtype);
}

mx::array transpose(mx::array a, std::optional<std::vector<int>> axes) {
  return axes.has_value() ? mx::transpose(a, *axes) : mx::transpose(a);
}

mx::array slice(mx::array a, int axis, int start, std::optional<int> stop) {
  const int dimensions = static_cast<int>(a.ndim());
  const int sliced = axis < 0 ? axis + dimensions : axis;
  if (sliced < 0 || sliced >= dimensions) {
    throw std::invalid_argument("axis " + std::to_string(axis) + " is out of range");
  }
  mx::Shape starts(a.ndim(), 0);
  mx::Shape stops = a.shape();
  starts[sliced] = start;
  stops[sliced] = stop.value_or(a.shape(sliced));
  return mx::slice(a, std::move(starts), std::move(stops));
}

mx::array pad(mx::array a, std::vector<int> low, std::vector<int> high) {
  if (low.size() != a.ndim() || high.size() != a.ndim()) {
    throw std::invalid_argument("expected one width per axis on each side");
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

} // namespace

const Table tables::shapes = {
    {"full", call<full>},
    {"arange", call<overload<mx::array(int, mx::StreamOrDevice)>(mx::arange)>},
    {"reshape", call<mx::reshape>},
    {"transpose", call<transpose>},
    {"expandDims", call<overload<mx::array(const mx::array&, int, mx::StreamOrDevice)>(mx::expand_dims)>},
    {"squeeze", call<overload<mx::array(const mx::array&, int, mx::StreamOrDevice)>(mx::squeeze)>},
    {"broadcastTo", call<mx::broadcast_to>},
    {"concatenate", call<overload<mx::array(std::vector<mx::array>, int, mx::StreamOrDevice)>(mx::concatenate)>},
    {"split", call<overload<std::vector<mx::array>(const mx::array&, int, int, mx::StreamOrDevice)>(mx::split)>},
    {"slice", call<slice>},
    {"take", call<overload<mx::array(const mx::array&, const mx::array&, int, mx::StreamOrDevice)>(mx::take)>},
    {"repeat", call<overload<mx::array(const mx::array&, int, int, mx::StreamOrDevice)>(mx::repeat)>},
    {"pad", call<pad>},
    {"asStrided", call<as_strided>},
    {"contiguous", call<contiguous>},
};

} // namespace tidemark
