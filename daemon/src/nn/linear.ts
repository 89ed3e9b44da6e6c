/** Affine maps of the last axis, plain and quantized. */

import { add, addmm, blockedQuantizedMatmul, quantizedMatmul, transpose } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { observed } from './observer.ts';
import type { QuantizedWeight, Weights } from './weights.ts';

export interface LinearLayer {
  /** [..., in] → [..., out]. */
  forward(x: Tensor): Tensor;
}

/** The layer for the weights that are there: quantized where they have scales. */
export function linearFrom(weights: Weights, inFeatures: number, outFeatures: number): LinearLayer {
  return weights.isQuantized
    ? new QuantizedLinear(weights, inFeatures, outFeatures)
    : new Linear(weights, inFeatures, outFeatures);
}

/** x Wᵀ + b. A weight of a narrower dtype than `x` is widened by MLX in a copy, for as long as the product takes. */
export class Linear implements LinearLayer {
  readonly #path: string;
  readonly #weight: Tensor;
  readonly #bias: Tensor;

  constructor(weights: Weights, inFeatures: number, outFeatures: number) {
    this.#path = weights.path;
    this.#weight = weights.tensor('weight', [outFeatures, inFeatures]);
    this.#bias = weights.tensor('bias', [outFeatures]);
  }

  forward(x: Tensor): Tensor {
    return observed(this.#path, x, () => addmm(this.#bias, x, transpose(this.#weight)));
  }
}

/** The same over a packed weight, which the product reads as it is: no expanded copy is made. */
export class QuantizedLinear implements LinearLayer {
  readonly #path: string;
  readonly #weight: QuantizedWeight;
  readonly #bias: Tensor;

  constructor(weights: Weights, inFeatures: number, outFeatures: number) {
    this.#path = weights.path;
    this.#weight = weights.quantized(outFeatures, inFeatures);
    this.#bias = weights.tensor('bias', [outFeatures]);
  }

  forward(x: Tensor): Tensor {
    const { packed, scales, biases, options, product } = this.#weight;
    const multiply = product === 'mlx' ? quantizedMatmul : blockedQuantizedMatmul;
    return observed(this.#path, x, () => add(multiply(x, packed, scales, biases, options), this.#bias));
  }
}
