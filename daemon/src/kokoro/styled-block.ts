/** The residual block of the prosody predictor and the decoder: adaptive norm, leaky ReLU, convolution, twice. */

import { add, convTranspose1d, divide, repeat, slice } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { leakyRelu } from '../nn/activations.ts';
import { convFrom, kernelFrom } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import { adaptiveInstanceNormFrom } from '../nn/norms.ts';
import type { StyledLayer } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';

export interface StyledBlockShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly styleSize: number;
  /** Whether the block doubles the length. */
  readonly upsamples?: boolean;
}

export class StyledBlock {
  readonly #norm1: StyledLayer;
  readonly #norm2: StyledLayer;
  readonly #conv1: Layer;
  readonly #conv2: Layer;
  /** Fits the shortcut's channels to the output's, where they differ. */
  readonly #project: Layer | undefined;
  readonly #upsample: LearnedUpsample | undefined;

  constructor(weights: Weights, { inChannels, outChannels, styleSize, upsamples = false }: StyledBlockShape) {
    this.#norm1 = adaptiveInstanceNormFrom(weights.at('norm1'), styleSize, inChannels);
    this.#norm2 = adaptiveInstanceNormFrom(weights.at('norm2'), styleSize, outChannels);
    this.#conv1 = convFrom(weights.at('conv1'), { inChannels, outChannels, kernelSize: 3, padding: 1 });
    this.#conv2 = convFrom(weights.at('conv2'), {
      inChannels: outChannels,
      outChannels,
      kernelSize: 3,
      padding: 1,
    });
    this.#project =
      inChannels === outChannels
        ? undefined
        : convFrom(weights.at('conv1x1'), { inChannels, outChannels, kernelSize: 1, bias: false });
    this.#upsample = upsamples ? new LearnedUpsample(weights.at('pool'), inChannels) : undefined;
  }

  /** `x` [1, length, in], `style` [1, style] → [1, length or 2 · length, out]. */
  forward(x: Tensor, style: Tensor): Tensor {
    return divide(add(this.#residual(x, style), this.#shortcut(x)), Math.SQRT2);
  }

  #residual(x: Tensor, style: Tensor): Tensor {
    const active = leakyRelu(this.#norm1.forward(x, style), 0.2);
    const long = this.#upsample === undefined ? active : this.#upsample.forward(active);
    const hidden = leakyRelu(this.#norm2.forward(this.#conv1.forward(long), style), 0.2);
    return this.#conv2.forward(hidden);
  }

  /** A projection of single steps is the same before the steps are repeated as after, at half the work. */
  #shortcut(x: Tensor): Tensor {
    const projected = this.#project === undefined ? x : this.#project.forward(x);
    return this.#upsample === undefined ? projected : repeat(projected, 2, 1);
  }
}

/**
 * Doubles the length by a transposed convolution of each channel on its own, kernel 3 and stride 2. The first of its
 * 2 · length + 1 steps is dropped, which is PyTorch's padding of 1 with an output padding of 1.
 */
class LearnedUpsample {
  readonly #kernel: () => Tensor;
  readonly #bias: Tensor;
  readonly #channels: number;

  constructor(weights: Weights, channels: number) {
    this.#kernel = kernelFrom(weights, { outer: channels, kernelSize: 3, inner: 1 });
    this.#bias = weights.tensor('bias', [channels]);
    this.#channels = channels;
  }

  forward(x: Tensor): Tensor {
    const y = convTranspose1d(x, this.#kernel(), { stride: 2, groups: this.#channels });
    return add(slice(y, 1, 1), this.#bias);
  }
}
