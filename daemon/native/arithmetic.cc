// Operations on each element, with MLX's promotion of dtypes and Python's weak scalars, and along axes.

#include "call.h"

namespace tidemark {

namespace {

// A number as an array in the dtype that Python's scalar of that value would take beside `other`: an integer keeps
// any dtype (int32 beside bool), another number makes integers float32.
mx::array scalar_beside(double value, const mx::array& other) {
  const bool is_integer = std::isfinite(value) && std::trunc(value) == value;
  mx::Dtype dtype = other.dtype();
  if (is_integer && dtype == mx::bool_) {
    dtype = mx::int32;
  } else if (!is_integer && !mx::issubdtype(dtype, mx::inexact)) {
    dtype = mx::float32;
  }
  return mx::astype(mx::array(static_cast<float>(value)), dtype);
}

std::pair<mx::array, mx::array> resolve(const Operand& a, const Operand& b) {
  const auto* left = std::get_if<mx::array>(&a);
  const auto* right = std::get_if<mx::array>(&b);
  if (left != nullptr && right != nullptr) {
    return {*left, *right};
  }
  if (left != nullptr) {
    return {*left, scalar_beside(std::get<double>(b), *left)};
  }
  if (right != nullptr) {
    return {scalar_beside(std::get<double>(a), *right), *right};
  }
  throw std::invalid_argument("at least one operand must be a tensor");
}

template <mx::array (*operation)(const mx::array&, const mx::array&, mx::StreamOrDevice)>
mx::array binary(Operand a, Operand b) {
  const auto [left, right] = resolve(a, b);
  return operation(left, right, {});
}

mx::array clip(mx::array a, double low, double high) {
  return mx::clip(a, scalar_beside(low, a), scalar_beside(high, a));
}

mx::array complex_of(mx::array real_part, mx::array imaginary_part) {
  const auto unit = mx::array(mx::complex64_t{0.0f, 1.0f});
  return mx::add(real_part, mx::multiply(imaginary_part, unit));
}

mx::array cumsum(mx::array a, int axis) {
  return mx::cumsum(a, axis);
}

mx::array softmax(mx::array a, int axis) {
  return mx::softmax(a, axis);
}

using Unary = mx::array(const mx::array&, mx::StreamOrDevice);
using Reduction = mx::array(const mx::array&, const std::vector<int>&, bool, mx::StreamOrDevice);

} // namespace

const Table tables::arithmetic = {
    {"abs", call<mx::abs>},
    {"square", call<mx::square>},
    {"sqrt", call<mx::sqrt>},
    {"rsqrt", call<mx::rsqrt>},
    {"exp", call<mx::exp>},
    {"cos", call<mx::cos>},
    {"tanh", call<mx::tanh>},
    {"sigmoid", call<mx::sigmoid>},
    {"erf", call<mx::erf>},
    {"real", call<mx::real>},
    {"imag", call<mx::imag>},
    {"round", call<overload<Unary>(mx::round)>},
    {"nanToNum", call<mx::nan_to_num>},
    {"clip", call<clip>},
    {"astype", call<mx::astype>},

    {"add", call<binary<mx::add>>},
    {"subtract", call<binary<mx::subtract>>},
    {"multiply", call<binary<mx::multiply>>},
    {"divide", call<binary<mx::divide>>},
    {"remainder", call<binary<mx::remainder>>},
    {"maximum", call<binary<mx::maximum>>},
    {"arctan2", call<binary<mx::arctan2>>},
    {"greater", call<binary<mx::greater>>},
    {"complex", call<complex_of>},

    {"sum", call<overload<Reduction>(mx::sum)>},
    {"mean", call<overload<Reduction>(mx::mean)>},
    {"cumsum", call<cumsum>},
    {"softmax", call<softmax>},
};

} // namespace tidemark
