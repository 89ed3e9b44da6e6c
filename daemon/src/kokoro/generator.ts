/** Upsamples the decoder's output to the resolution of a short-time spectrum, with the harmonics mixed in on the way. */

import { add, divide, exp, pad, reshape, sin, slice, snake } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { leakyRelu } from '../nn/activations.ts';
import { convFrom, convTransposeFrom } from '../nn/conv.ts';
import type { ConvShape } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import { adaptiveInstanceNormFrom } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';
import type { Spectrum } from './stft.ts';

/** Of the leaky ReLU before each upsampling, and before the last convolution. */
export const upsamplingSlope = 0.1;
export const spectrumSlope = 0.01;

/** One upsampling, and the blocks that run at its resolution, the mean of which is taken. */
interface Level {
  readonly upsample: Upsampling;
  readonly harmonics: Layer;
  readonly harmonicsBlock: SnakeBlock;
  readonly blocks: readonly SnakeBlock[];
}

export interface UpsamplingShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  /** How many rows of zeros come before the first. */
  readonly lead: number;
}

/** Leaky ReLU and transposed convolution of `x`, to which the harmonics at that resolution are added. */
export interface Upsampling {
  forward(x: Tensor, harmonics: Tensor): Tensor;
}

export interface SnakeConvShape {
  readonly channels: number;
  readonly kernelSize: number;
  readonly dilation: number;
  readonly styleSize: number;
}

/** Adaptive norm, snake and convolution of `x` [1, length, channels], and the residual added to it where there is one. */
export interface SnakeConv {
  forward(x: Tensor, style: Tensor, residual?: Tensor): Tensor;
}

/** What the generator is made of, which a strategy chooses. */
export interface GeneratorLayers {
  upsampling(weights: Weights, shape: UpsamplingShape): Upsampling;
  /** `part` of the round of a block: 1 for its first convolution, 2 for its second. */
  snakeConv(weights: Weights, part: 1 | 2, round: number, shape: SnakeConvShape): SnakeConv;
  harmonicsConv(weights: Weights, shape: ConvShape): Layer;
  /** The last convolution, after a leaky ReLU; float32. */
  spectrumConv(weights: Weights, shape: ConvShape): Layer;
}

export class Generator {
  readonly #levels: readonly Level[];
  readonly #toSpectrum: Layer;
  readonly #bins: number;

  constructor(weights: Weights, { istftnet, style_dim: styleSize }: KokoroConfig, layers: GeneratorLayers) {
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
        upsample: layers.upsampling(weights.at('ups', level), {
          inChannels: channelsAt(level),
          outChannels: channels,
          kernelSize,
          stride: rate,
          padding: Math.floor((kernelSize - rate) / 2),
          // A spectrum has one frame more than hops; mlx-audio, whose layer is named for reflection, puts a zero before.
          lead: isLast ? 1 : 0,
        }),
        harmonics: layers.harmonicsConv(weights.at('noise_convs', level), {
          inChannels: 2 * this.#bins,
          outChannels: channels,
          kernelSize: isLast ? 1 : 2 * stride,
          stride,
          padding: isLast ? 0 : Math.floor((stride + 1) / 2),
        }),
        harmonicsBlock: new SnakeBlock(weights.at('noise_res', level), layers, {
          channels,
          kernelSize: isLast ? 11 : 7,
          dilations: [1, 3, 5],
          styleSize,
        }),
        blocks: blockKernels.map(
          (blockKernel, index) =>
            new SnakeBlock(weights.at('resblocks', level * blockKernels.length + index), layers, {
              channels,
              kernelSize: blockKernel,
              dilations: blockDilations[index] ?? [],
              styleSize,
            }),
        ),
      };
    });
    this.#toSpectrum = layers.spectrumConv(weights.at('conv_post'), {
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
    const hidden = this.#levels.reduce((input, { upsample, blocks, ...level }) => {
      const source = level.harmonicsBlock.forward(level.harmonics.forward(harmonics), style);
      const mixed = upsample.forward(input, source);
      const outputs = blocks.map((block) => block.forward(mixed, style));
      return divide(outputs.reduce(add), outputs.length);
    }, x);
    const spectrum = this.#toSpectrum.forward(hidden);
    return {
      magnitude: exp(slice(spectrum, 2, 0, this.#bins)),
      phase: sin(slice(spectrum, 2, this.#bins)),
    };
  }
}

interface SnakeBlockShape extends Omit<SnakeConvShape, 'dilation'> {
  /** Of each round's first convolution. */
  readonly dilations: readonly number[];
}

/** A residual block: three rounds of adaptive norm, snake and convolution, the first one dilated. */
class SnakeBlock {
  readonly #rounds: readonly { readonly first: SnakeConv; readonly second: SnakeConv }[];

  constructor(weights: Weights, layers: GeneratorLayers, { dilations, ...shape }: SnakeBlockShape) {
    this.#rounds = dilations.map((dilation, round) => ({
      first: layers.snakeConv(weights, 1, round, { ...shape, dilation }),
      second: layers.snakeConv(weights, 2, round, { ...shape, dilation: 1 }),
    }));
  }

  /** `x` [1, length, channels], `style` [1, style] → the same shape. */
  forward(x: Tensor, style: Tensor): Tensor {
    return this.#rounds.reduce(
      (sum, { first, second }) => second.forward(first.forward(sum, style), style, sum),
      x,
    );
  }
}

/** As mlx-audio computes it: each step an operation of its own. */
export const faithfulLayers: GeneratorLayers = {
  upsampling(weights, { lead, ...shape }) {
    const upsample = convTransposeFrom(weights, shape);
    return {
      forward: (x, harmonics) => {
        const upsampled = upsample.forward(leakyRelu(x, upsamplingSlope));
        const aligned = lead === 0 ? upsampled : pad(upsampled, [0, lead, 0], [0, 0, 0]);
        return add(aligned, harmonics);
      },
    };
  },
  snakeConv(weights, part, round, { styleSize, ...shape }) {
    const { channels, dilation, kernelSize } = shape;
    const norm = adaptiveInstanceNormFrom(weights.at(`adain${part}`, round), styleSize, channels);
    const alpha = weights.tensor(`alpha${part}.${round}`, [1, channels, 1]);
    const conv = convFrom(weights.at(`convs${part}`, round), {
      inChannels: channels,
      outChannels: channels,
      kernelSize,
      dilation,
      padding: (dilation * (kernelSize - 1)) / 2,
    });
    return {
      forward: (x, style, residual) => {
        // An α for each channel (Ziyin et al., 2020).
        const y = conv.forward(snake(norm.forward(x, style), reshape(alpha, [1, 1, -1])));
        return residual === undefined ? y : add(y, residual);
      },
    };
  },
  harmonicsConv: convFrom,
  spectrumConv(weights, shape) {
    const conv = convFrom(weights, shape);
    return { forward: (x) => conv.forward(leakyRelu(x, spectrumSlope)) };
  },
};
