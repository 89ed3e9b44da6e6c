// A bidirectional LSTM, built as one graph so that no time step has a handle in JavaScript.

#include <algorithm>

#include "call.h"

namespace tidemark {

namespace {

// The weights of one direction, gates stacked in the order i, f, g, o.
struct LstmDirection {
  mx::array input_weight; // [4 * hidden, in]
  mx::array hidden_weight; // [4 * hidden, hidden]
  mx::array input_bias; // [4 * hidden]
  mx::array hidden_bias; // [4 * hidden]
};

// One direction over x [batch, length, in] -> [batch, length, hidden].
//
// The states start as float32 zeros, as in mlx-audio, so from the first step on everything is float32 whatever the
// weights' dtype; hence the hidden weight is promoted once here rather than in each of the matrix products.
mx::array run_direction(const mx::array& x, const LstmDirection& weights, bool backward) {
  const int batch = x.shape(0);
  const int length = x.shape(1);
  const int hidden_size = weights.hidden_weight.shape(1);

  const auto projected = mx::addmm(
      mx::add(weights.input_bias, weights.hidden_bias), x, mx::transpose(weights.input_weight));
  const auto hidden_weight = mx::transpose(mx::astype(weights.hidden_weight, mx::float32));
  const auto steps = mx::split(projected, length, 1);

  auto hidden = mx::zeros({batch, hidden_size});
  auto cell = mx::zeros({batch, hidden_size});
  std::vector<mx::array> outputs;
  outputs.reserve(length);
  for (int step = 0; step < length; ++step) {
    const auto& input = steps[backward ? length - 1 - step : step];
    const auto gates = mx::split(
        mx::add(mx::squeeze(input, 1), mx::matmul(hidden, hidden_weight)), 4, -1);
    const auto input_gate = mx::sigmoid(gates[0]);
    const auto forget_gate = mx::sigmoid(gates[1]);
    const auto candidate = mx::tanh(gates[2]);
    const auto output_gate = mx::sigmoid(gates[3]);
    cell = mx::add(mx::multiply(forget_gate, cell), mx::multiply(input_gate, candidate));
    hidden = mx::multiply(output_gate, mx::tanh(cell));
    outputs.push_back(hidden);
  }
  if (backward) {
    std::reverse(outputs.begin(), outputs.end());
  }
  return mx::stack(outputs, 1);
}

void check(const mx::array& x, const LstmDirection& weights) {
  const bool fits = weights.input_weight.ndim() == 2 && weights.hidden_weight.ndim() == 2 &&
      weights.input_weight.shape(1) == x.shape(2) &&
      weights.input_weight.shape(0) == weights.hidden_weight.shape(0) &&
      weights.hidden_weight.shape(0) == 4 * weights.hidden_weight.shape(1);
  if (!fits) {
    throw std::invalid_argument(
        "the weights' shapes must be [4 * hidden, in] and [4 * hidden, hidden]");
  }
}

// x [batch, length, in] -> [batch, length, 2 * hidden]: forward, then backward, each from float32 zero states. The weights
// of a direction are listed in the order of LstmDirection.
mx::array bidirectional_lstm(mx::array x, std::vector<mx::array> forward, std::vector<mx::array> backward) {
  if (x.ndim() != 3 || x.shape(1) == 0) {
    throw std::invalid_argument("x must be [batch, length, in] with at least one step");
  }
  const auto run = [&x](const std::vector<mx::array>& listed, bool is_backward) {
    if (listed.size() != 4) {
      throw std::invalid_argument("a direction has two weights and two biases");
    }
    const LstmDirection weights{listed[0], listed[1], listed[2], listed[3]};
    check(x, weights);
    return run_direction(x, weights, is_backward);
  };
  return mx::concatenate({run(forward, false), run(backward, true)}, -1);
}

} // namespace

const Table tables::lstm = {{"lstm", call<bidirectional_lstm>}};

} // namespace tidemark
