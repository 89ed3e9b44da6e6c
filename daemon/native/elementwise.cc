// Operations on each element, with MLX's promotion of dtypes and Python's weak scalars.

#include "call.h"
#include "sine.h"

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
  throw std::invalid_argument("one operand at least must be a tensor");
}

template <mx::array (*operation)(const mx::array&, mx::StreamOrDevice)>
mx::array unary(mx::array a) {
  return operation(a, {});
}

template <mx::array (*operation)(const mx::array&, const mx::array&, mx::StreamOrDevice)>
mx::array binary(Operand a, Operand b) {
  const auto [left, right] = resolve(a, b);
  return operation(left, right, {});
}

mx::array where(mx::array condition, Operand yes, Operand no) {
  const auto [left, right] = resolve(yes, no);
  return mx::where(condition, left, right);
}

mx::array clip(mx::array a, double low, double high) {
  return mx::clip(a, scalar_beside(low, a), scalar_beside(high, a));
}

mx::array nan_to_num(mx::array a, double nan, double positive_infinity, double negative_infinity) {
  return mx::nan_to_num(
      a,
      static_cast<float>(nan),
      static_cast<float>(positive_infinity),
      static_cast<float>(negative_infinity));
}

mx::array round_to_integer(mx::array a) {
  return mx::round(a);
}

mx::array cast(mx::array a, mx::Dtype dtype) {
  return mx::astype(a, dtype);
}

mx::array complex_of(mx::array real_part, mx::array imaginary_part) {
  const auto unit = mx::array(mx::complex64_t{0.0f, 1.0f});
  return mx::add(real_part, mx::multiply(imaginary_part, unit));
}

} // namespace

void define_elementwise(Napi::Object operations) {
  define(operations, "abs", unary<mx::abs>);
  define(operations, "negative", unary<mx::negative>);
  define(operations, "square", unary<mx::square>);
  define(operations, "sqrt", unary<mx::sqrt>);
  define(operations, "rsqrt", unary<mx::rsqrt>);
  define(operations, "exp", unary<mx::exp>);
  define(operations, "log", unary<mx::log>);
  define(operations, "sin", sine);
  define(operations, "cos", unary<mx::cos>);
  define(operations, "tanh", unary<mx::tanh>);
  define(operations, "sigmoid", unary<mx::sigmoid>);
  define(operations, "erf", unary<mx::erf>);
  define(operations, "floor", unary<mx::floor>);
  define(operations, "logicalNot", unary<mx::logical_not>);
  define(operations, "isfinite", unary<mx::isfinite>);
  define(operations, "real", unary<mx::real>);
  define(operations, "imag", unary<mx::imag>);
  define(operations, "round", round_to_integer);
  define(operations, "nanToNum", nan_to_num);
  define(operations, "clip", clip);
  define(operations, "astype", cast);

  define(operations, "add", binary<mx::add>);
  define(operations, "subtract", binary<mx::subtract>);
  define(operations, "multiply", binary<mx::multiply>);
  define(operations, "divide", binary<mx::divide>);
  define(operations, "power", binary<mx::power>);
  define(operations, "remainder", binary<mx::remainder>);
  define(operations, "maximum", binary<mx::maximum>);
  define(operations, "minimum", binary<mx::minimum>);
  define(operations, "arctan2", binary<mx::arctan2>);
  define(operations, "equal", binary<mx::equal>);
  define(operations, "greater", binary<mx::greater>);
  define(operations, "greaterEqual", binary<mx::greater_equal>);
  define(operations, "less", binary<mx::less>);
  define(operations, "lessEqual", binary<mx::less_equal>);
  define(operations, "logicalAnd", binary<mx::logical_and>);
  define(operations, "where", where);
  define(operations, "complex", complex_of);
}

} // namespace tidemark
