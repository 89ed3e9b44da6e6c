// A bidirectional LSTM, built as one graph so that no time step has a handle in JavaScript.

#include "call.h"
#include "fused.h"
#include "linear.h"

namespace tidemark {

namespace {

// The weights of one direction, gates stacked in the order i, f, g, o.
struct LstmDirection {
  mx::array input_weight; // [4 * hidden, in]
  mx::array hidden_weight; // [4 * hidden, hidden]
  mx::array input_bias; // [4 * hidden]
  mx::array hidden_bias; // [4 * hidden]
};

// What a step does to each element: {the gates' parts from the input i, f, g, o, those from the state, cell} -> {hidden, cell}.
std::vector<mx::array> activate(const std::vector<mx::array>& in) {
  const auto gate = [&in](int index) { return mx::add(in[index], in[index + 4]); };
  const auto input_gate = mx::sigmoid(gate(0));
  const auto forget_gate = mx::sigmoid(gate(1));
  const auto candidate = mx::tanh(gate(2));
  const auto output_gate = mx::sigmoid(gate(3));
  const auto cell = mx::add(mx::multiply(forget_gate, in[8]), mx::multiply(input_gate, candidate));
  return {mx::multiply(output_gate, mx::tanh(cell)), cell};
}

mx::array reversed(const mx::array& x, int axis) {
  mx::Shape start(x.ndim(), 0);
  mx::Shape stop = x.shape();
  mx::Shape strides(x.ndim(), 1);
  start[axis] = x.shape(axis) - 1;
  stop[axis] = -x.shape(axis) - 1;
  strides[axis] = -1;
  return mx::slice(x, start, stop, strides);
}

// Both directions over x [batch, length, in] -> [batch, length, 2 * hidden], a step of both at a time.
//
// The states start as float32 zeros, as in mlx-audio, so from the first step on everything is float32 whatever the
// weights' dtype; hence the hidden weights are promoted once here rather than in each of the matrix products.
mx::array run_directions(const mx::array& x, const LstmDirection& forward, const LstmDirection& backward) {
  const int batch = x.shape(0);
  const int length = x.shape(1);
  const int hidden_size = forward.hidden_weight.shape(1);

  const auto project = [&x](const LstmDirection& weights) {
    return linear(x, weights.input_weight, mx::add(weights.input_bias, weights.hidden_bias));
  };
  const auto projected = mx::stack({project(forward), reversed(project(backward), 1)});
  const auto hidden_weight = mx::swapaxes(
      mx::astype(mx::stack({forward.hidden_weight, backward.hidden_weight}), mx::float32), 1, 2);

  auto hidden = mx::zeros({2, batch, hidden_size});
  auto cell = mx::zeros({2, batch, hidden_size});
  std::vector<mx::array> outputs;
  outputs.reserve(length);
  for (const auto& step : mx::split(projected, length, 2)) {
    auto inputs = mx::split(mx::squeeze(step, 2), 4, -1);
    const auto gates = mx::split(mx::matmul(hidden, hidden_weight), 4, -1);
    inputs.insert(inputs.end(), gates.begin(), gates.end());
    inputs.push_back(cell);
    const auto states = fused<activate>(inputs);
    hidden = states[0];
    cell = states[1];
    outputs.push_back(hidden);
  }
  const auto both = mx::split(mx::stack(outputs, 2), 2, 0);
  return mx::concatenate({mx::squeeze(both[0], 0), reversed(mx::squeeze(both[1], 0), 1)}, -1);
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
  const auto direction = [&x](const std::vector<mx::array>& listed) {
    if (listed.size() != 4) {
      throw std::invalid_argument("a direction has two weights and two biases");
    }
    const LstmDirection weights{listed[0], listed[1], listed[2], listed[3]};
    check(x, weights);
    return weights;
  };
  return run_directions(x, direction(forward), direction(backward));
}

} // namespace

const Table tables::lstm = {{"lstm", call<bidirectional_lstm>}};

} // namespace tidemark
