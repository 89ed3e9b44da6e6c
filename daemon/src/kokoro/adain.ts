/** Adaptive instance normalisation: each channel is normalised over time, then scaled and shifted by the style. */

import { add, expandDims, mean, multiply, rsqrt, split, square, subtract } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { linearFrom } from '../nn/linear.ts';
import type { LinearLayer } from '../nn/linear.ts';
import { observed } from '../nn/observer.ts';
import type { Weights } from '../nn/weights.ts';

const epsilon = 1e-5;

/**
 * (1 + γ) (x − mean) / √(variance + ε) + β, with γ and β linear functions of the style (Huang and Belongie, 2017).
 *
 * All that the style and the statistics say of a channel is gathered in one scale and one shift first, so that the long
 * tensor is passed over twice rather than five times.
 */
export class AdaptiveInstanceNorm {
  readonly #path: string;
  readonly #affine: LinearLayer;

  constructor(weights: Weights, styleSize: number, channels: number) {
    this.#path = weights.path;
    this.#affine = linearFrom(weights.at('fc'), styleSize, 2 * channels);
  }

  /** `x` [batch, length, channels], `style` [batch, style]. */
  forward(x: Tensor, style: Tensor): Tensor {
    return observed(this.#path, x, () => {
      const [gamma, beta] = split(expandDims(this.#affine.forward(style), 1), 2, 2) as [Tensor, Tensor];
      const average = mean(x, { axes: [1], keepDims: true });
      const variance = mean(square(subtract(x, average)), { axes: [1], keepDims: true });
      const scale = multiply(add(gamma, 1), rsqrt(add(variance, epsilon)));
      return add(multiply(x, scale), subtract(beta, multiply(average, scale)));
    });
  }
}
