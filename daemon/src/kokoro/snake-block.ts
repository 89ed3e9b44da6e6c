/** The generator's residual block: three rounds of adaptive norm, snake and convolution, the first one dilated. */

import { add, reshape } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { snake } from '../nn/activations.ts';
import { Conv1d } from '../nn/conv.ts';
import type { Weights } from '../nn/weights.ts';
import { AdaptiveInstanceNorm } from './adain.ts';

export interface SnakeBlockShape {
  readonly channels: number;
  readonly kernelSize: number;
  /** Of each round's first convolution. */
  readonly dilations: readonly number[];
  readonly styleSize: number;
}

export class SnakeBlock {
  readonly #rounds: readonly { readonly first: SnakeConv; readonly second: SnakeConv }[];

  constructor(weights: Weights, { channels, kernelSize, dilations, styleSize }: SnakeBlockShape) {
    const half = (part: 1 | 2, round: number, dilation: number): SnakeConv =>
      new SnakeConv(weights, part, round, { channels, kernelSize, dilation, styleSize });
    this.#rounds = dilations.map((dilation, round) => ({
      first: half(1, round, dilation),
      second: half(2, round, 1),
    }));
  }

  /** `x` [1, length, channels], `style` [1, style] → the same shape. */
  forward(x: Tensor, style: Tensor): Tensor {
    return this.#rounds.reduce(
      (sum, { first, second }) => add(second.forward(first.forward(sum, style), style), sum),
      x,
    );
  }
}

class SnakeConv {
  readonly #norm: AdaptiveInstanceNorm;
  readonly #alpha: Tensor;
  readonly #conv: Conv1d;

  constructor(
    weights: Weights,
    part: 1 | 2,
    round: number,
    shape: { channels: number; kernelSize: number; dilation: number; styleSize: number },
  ) {
    const { channels, kernelSize, dilation, styleSize } = shape;
    this.#norm = new AdaptiveInstanceNorm(weights.at(`adain${part}`, round), styleSize, channels);
    this.#alpha = weights.tensor(`alpha${part}.${round}`, [1, channels, 1]);
    this.#conv = new Conv1d(weights.at(`convs${part}`, round), {
      inChannels: channels,
      outChannels: channels,
      kernelSize,
      dilation,
      padding: (dilation * (kernelSize - 1)) / 2,
    });
  }

  forward(x: Tensor, style: Tensor): Tensor {
    const alpha = reshape(this.#alpha, [1, 1, -1]);
    return this.#conv.forward(snake(this.#norm.forward(x, style), alpha));
  }
}
