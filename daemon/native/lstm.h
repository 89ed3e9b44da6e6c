// A bidirectional LSTM, built as one graph so that no time step has a handle in JavaScript.
#pragma once

#include "mlx/array.h"

namespace tidemark {

// The weights of one direction, gates stacked in the order i, f, g, o.
struct LstmDirection {
  mlx::core::array input_weight; // [4 * hidden, in]
  mlx::core::array hidden_weight; // [4 * hidden, hidden]
  mlx::core::array input_bias; // [4 * hidden]
  mlx::core::array hidden_bias; // [4 * hidden]
};

// x [batch, length, in] -> [batch, length, 2 * hidden]: forward, then backward, each from float32 zero states.
mlx::core::array lstm(
    const mlx::core::array& x, const LstmDirection& forward, const LstmDirection& backward);

} // namespace tidemark
