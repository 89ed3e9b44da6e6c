/** Tables of vectors, looked up by index, plain and quantized. */

import { dequantize, take } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { observed } from './observer.ts';
import type { QuantizedWeight, Weights } from './weights.ts';

export interface EmbeddingLayer {
  /** int32 [...] → [..., width]. */
  forward(indices: Tensor): Tensor;
}

/** The table for the weights that are there: quantized where they have scales. */
export function embeddingFrom(weights: Weights, count: number, width: number): EmbeddingLayer {
  return weights.isQuantized
    ? new QuantizedEmbedding(weights, count, width)
    : new Embedding(weights, count, width);
}

export class Embedding implements EmbeddingLayer {
  readonly #path: string;
  readonly #weight: Tensor;

  constructor(weights: Weights, count: number, width: number) {
    this.#path = weights.path;
    this.#weight = weights.tensor('weight', [count, width]);
  }

  forward(indices: Tensor): Tensor {
    return observed(this.#path, indices, () => take(this.#weight, indices, 0));
  }
}

/** Gathers packed rows and expands those only. */
export class QuantizedEmbedding implements EmbeddingLayer {
  readonly #path: string;
  readonly #weight: QuantizedWeight;

  constructor(weights: Weights, count: number, width: number) {
    this.#path = weights.path;
    this.#weight = weights.quantized(count, width);
  }

  forward(indices: Tensor): Tensor {
    const { packed, scales, biases, options } = this.#weight;
    return observed(this.#path, indices, () =>
      dequantize(take(packed, indices, 0), take(scales, indices, 0), take(biases, indices, 0), options),
    );
  }
}
