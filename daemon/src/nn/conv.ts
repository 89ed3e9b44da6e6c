/** One-dimensional convolutions over [batch, length, channels]. */

import { add, conv1d, convTranspose1d, transpose } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { kernelFrom } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import { observed } from './observer.ts';
import type { Weights } from './weights.ts';

export interface ConvShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

/** [batch, length, in] → [batch, ⌊(length + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, out]. */
export class Conv1d {
  readonly #path: string;
  readonly #kernel: Kernel;
  readonly #bias: Tensor | undefined;
  readonly #options: { readonly stride: number; readonly padding: number; readonly dilation: number };

  constructor(weights: Weights, shape: ConvShape) {
    const { inChannels, outChannels, kernelSize, stride = 1, padding = 0, dilation = 1, bias = true } = shape;
    this.#path = weights.path;
    this.#kernel = kernelFrom(weights, { outer: outChannels, kernelSize, inner: inChannels });
    this.#bias = bias ? weights.tensor('bias', [outChannels]) : undefined;
    this.#options = { stride, padding, dilation };
  }

  forward(x: Tensor): Tensor {
    return observed(this.#path, x, () => {
      const y = conv1d(x, this.#kernel.value(), this.#options);
      return this.#bias === undefined ? y : add(y, this.#bias);
    });
  }
}

export interface ConvTransposeShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * [batch, length, in] → [batch, (length − 1) · stride − 2 · padding + kernelSize, out]. PyTorch stores such a weight with
 * the input's channels outermost, and its weight normalisation is over them.
 */
export class ConvTranspose1d {
  readonly #path: string;
  readonly #kernel: Kernel;
  readonly #bias: Tensor;
  readonly #options: { readonly stride: number; readonly padding: number };

  constructor(
    weights: Weights,
    { inChannels, outChannels, kernelSize, stride, padding }: ConvTransposeShape,
  ) {
    this.#path = weights.path;
    this.#kernel = kernelFrom(weights, { outer: inChannels, kernelSize, inner: outChannels });
    this.#bias = weights.tensor('bias', [outChannels]);
    this.#options = { stride, padding };
  }

  forward(x: Tensor): Tensor {
    return observed(this.#path, x, () =>
      add(convTranspose1d(x, transpose(this.#kernel.value(), [2, 1, 0]), this.#options), this.#bias),
    );
  }
}
