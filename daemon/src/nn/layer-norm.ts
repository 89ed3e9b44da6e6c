/** Layer normalisation over the last axis. */

import { layerNorm } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import type { Weights } from './weights.ts';

export class LayerNorm {
  readonly #weight: Tensor;
  readonly #bias: Tensor;
  readonly #epsilon: number;

  /** The older names `gamma` and `beta` are accepted too. */
  constructor(weights: Weights, width: number, epsilon: number) {
    this.#weight = weights.tensor(['weight', 'gamma'], [width]);
    this.#bias = weights.tensor(['bias', 'beta'], [width]);
    this.#epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.#weight, this.#bias, this.#epsilon);
  }
}
