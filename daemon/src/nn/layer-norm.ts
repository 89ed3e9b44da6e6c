/** Layer normalisation over the last axis. */

import { layerNorm } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { observed } from './observer.ts';
import type { Weights } from './weights.ts';

export class LayerNorm {
  readonly #path: string;
  readonly #weight: Tensor;
  readonly #bias: Tensor;
  readonly #epsilon: number;

  /** The older names `gamma` and `beta` are accepted too. */
  constructor(weights: Weights, width: number, epsilon: number) {
    this.#path = weights.path;
    this.#weight = weights.tensor(['weight', 'gamma'], [width]);
    this.#bias = weights.tensor(['bias', 'beta'], [width]);
    this.#epsilon = epsilon;
  }

  forward(x: Tensor): Tensor {
    return observed(this.#path, x, () => layerNorm(x, this.#weight, this.#bias, this.#epsilon));
  }
}
