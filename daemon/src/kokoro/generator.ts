/** Upsamples the decoder's output to the resolution of a short-time spectrum, with the harmonics mixed in on the way. */

import { add, divide, exp, pad, reshape, sin, slice, snake } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { leakyRelu } from '../nn/activations.ts';
import { convFrom, convTransposeFrom } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import { adaptiveInstanceNormFrom } from '../nn/norms.ts';
import type { StyledLayer } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';
import type { Spectrum } from './stft.ts';

/** One upsampling, and the blocks that run at its resolution, the sum of which is taken. */
interface Level {
  readonly upsample: Layer;
  readonly harmonics: Layer;
  readonly harmonicsBlock: SnakeBlock;
  readonly blocks: readonly SnakeBlock[];
}

export class Generator {
  readonly #levels: readonly Level[];
  readonly #toSpectrum: Layer;
  readonly #bins: number;

  constructor(weights: Weights, { istftnet, style_dim: styleSize }: KokoroConfig) {
    const { upsample_rates: rates, upsample_kernel_sizes: kernelSizes, gen_istft_n_fft } = istftnet;
    const { resblock_kernel_sizes: blockKernels, resblock_dilation_sizes: blockDilations } = istftnet;
    const channelsAt = (level: number): number => istftnet.upsample_initial_channel / 2 ** level;
    this.#bins = gen_istft_n_fft / 2 + 1;

    this.#levels = rates.map((rate, level): Level => {
      const channels = channelsAt(level + 1);
      const kernelSize = kernelSizes[level] ?? rate;
      // How many of the spectrum's frames, at which the harmonics come, make one step of this level.
      const stride = rates.slice(level + 1).reduce((product, later) => product * later, 1);
      const isLast = level === rates.length - 1;
      return {
        upsample: convTransposeFrom(weights.at('ups', level), {
          inChannels: channelsAt(level),
          outChannels: channels,
          kernelSize,
          stride: rate,
          padding: Math.floor((kernelSize - rate) / 2),
        }),
        harmonics: convFrom(weights.at('noise_convs', level), {
          inChannels: 2 * this.#bins,
          outChannels: channels,
          kernelSize: isLast ? 1 : 2 * stride,
          stride,
          padding: isLast ? 0 : Math.floor((stride + 1) / 2),
        }),
        harmonicsBlock: new SnakeBlock(weights.at('noise_res', level), {
          channels,
          kernelSize: isLast ? 11 : 7,
          dilations: [1, 3, 5],
          styleSize,
        }),
        blocks: blockKernels.map(
          (blockKernel, index) =>
            new SnakeBlock(weights.at('resblocks', level * blockKernels.length + index), {
              channels,
              kernelSize: blockKernel,
              dilations: blockDilations[index] ?? [],
              styleSize,
            }),
        ),
      };
    });
    this.#toSpectrum = convFrom(weights.at('conv_post'), {
      inChannels: channelsAt(rates.length),
      outChannels: 2 * this.#bins,
      kernelSize: 7,
      padding: 3,
    });
  }

  /**
   * `x` [1, 2 · frames, 512], `harmonics` [1, spectrumFrames, 2 · bins] (magnitudes, then phases), `style` [1, style] → the
   * speech's spectrum, each part [1, spectrumFrames, bins].
   */
  forward(x: Tensor, harmonics: Tensor, style: Tensor): Spectrum {
    const hidden = this.#levels.reduce((input, level, index) => {
      const upsampled = level.upsample.forward(leakyRelu(input, 0.1));
      // A spectrum has one frame more than hops; mlx-audio, whose layer is named for reflection, puts a zero before.
      const isLast = index === this.#levels.length - 1;
      const aligned = isLast ? pad(upsampled, [0, 1, 0], [0, 0, 0]) : upsampled;
      const source = level.harmonicsBlock.forward(level.harmonics.forward(harmonics), style);
      const mixed = add(aligned, source);
      const outputs = level.blocks.map((block) => block.forward(mixed, style));
      return divide(outputs.reduce(add), outputs.length);
    }, x);
    const spectrum = this.#toSpectrum.forward(leakyRelu(hidden, 0.01));
    return {
      magnitude: exp(slice(spectrum, 2, 0, this.#bins)),
      phase: sin(slice(spectrum, 2, this.#bins)),
    };
  }
}

interface SnakeBlockShape {
  readonly channels: number;
  readonly kernelSize: number;
  /** Of each round's first convolution. */
  readonly dilations: readonly number[];
  readonly styleSize: number;
}

/** A residual block: three rounds of adaptive norm, snake and convolution, the first one dilated. */
class SnakeBlock {
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
  readonly #norm: StyledLayer;
  readonly #alpha: Tensor;
  readonly #conv: Layer;

  constructor(
    weights: Weights,
    part: 1 | 2,
    round: number,
    shape: { channels: number; kernelSize: number; dilation: number; styleSize: number },
  ) {
    const { channels, kernelSize, dilation, styleSize } = shape;
    this.#norm = adaptiveInstanceNormFrom(weights.at(`adain${part}`, round), styleSize, channels);
    this.#alpha = weights.tensor(`alpha${part}.${round}`, [1, channels, 1]);
    this.#conv = convFrom(weights.at(`convs${part}`, round), {
      inChannels: channels,
      outChannels: channels,
      kernelSize,
      dilation,
      padding: (dilation * (kernelSize - 1)) / 2,
    });
  }

  forward(x: Tensor, style: Tensor): Tensor {
    // An α for each channel (Ziyin et al., 2020).
    const alpha = reshape(this.#alpha, [1, 1, -1]);
    return this.#conv.forward(snake(this.#norm.forward(x, style), alpha));
  }
}
