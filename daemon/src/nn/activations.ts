/** The network's nonlinearities. */

import { add, divide, erf, maximum, multiply } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';

/** x Φ(x), with the exact normal distribution function rather than its tanh approximation. */
export function gelu(x: Tensor): Tensor {
  return divide(multiply(x, add(erf(divide(x, Math.SQRT2)), 1)), 2);
}

/** x where positive, else slope · x, for a slope below 1. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return maximum(x, multiply(x, slope));
}
