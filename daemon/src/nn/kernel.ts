/** The weight of a convolution: stored as it is, or as a direction and a magnitude (weight normalisation). */

import { add, divide, multiply, sqrt, square, sum } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import type { KernelShape, Weights } from './weights.ts';

export interface Kernel {
  /** [outer, kernelSize, inner]. */
  value(): Tensor;
}

/** The kernel that is there: weight-normed where the weights have a magnitude, `weight_g`. */
export function kernelFrom(weights: Weights, shape: KernelShape): Kernel {
  return weights.has('weight') ? new PlainKernel(weights, shape) : new WeightNormKernel(weights, shape);
}

export class PlainKernel implements Kernel {
  readonly #weight: Tensor;

  constructor(weights: Weights, shape: KernelShape) {
    this.#weight = weights.kernel('weight', shape);
  }

  value(): Tensor {
    return this.#weight;
  }
}

/**
 * g · v / ‖v‖, the norm over all axes but the first (Salimans and Kingma, 2016).
 *
 * mlx-audio keeps v and g in its checkpoints and computes the product in each call, in their dtype, with 1e-7 added to
 * the norm; so the temporaries of that are part of what a run takes, here as there.
 */
export class WeightNormKernel implements Kernel {
  readonly #direction: Tensor;
  readonly #magnitude: Tensor;

  constructor(weights: Weights, shape: KernelShape) {
    this.#direction = weights.kernel('weight_v', shape);
    this.#magnitude = weights.tensor('weight_g', [shape.outer, 1, 1]);
  }

  value(): Tensor {
    return weightNormed(this.#direction, this.#magnitude);
  }
}

/** `direction` [outer, …] at the length that `magnitude` [outer, 1, 1] says, whichever order the other axes have. */
export function weightNormed(direction: Tensor, magnitude: Tensor): Tensor {
  const norm = sqrt(sum(square(direction), { axes: [1, 2], keepDims: true }));
  return multiply(divide(direction, add(norm, 1e-7)), magnitude);
}
