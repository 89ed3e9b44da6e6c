/** Turns the frames' encodings, pitch and energy into the generator's input. */

import { concatenate, expandDims } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { convFrom } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';
import type { ProsodyCurves } from './prosody.ts';
import { StyledBlock } from './styled-block.ts';

/** Blocks that keep the length, before the one that doubles it; fixed by Kokoro's code, not by its configuration. */
const keptBlocks = 3;

export class Decoder {
  readonly #pitch: Layer;
  readonly #energy: Layer;
  readonly #encode: StyledBlock;
  readonly #shrink: Layer;
  readonly #blocks: readonly StyledBlock[];

  constructor(weights: Weights, { hidden_dim, style_dim, istftnet }: KokoroConfig) {
    // Kokoro's code fixes these at 1024 and 64, beside a hidden_dim of 512 in its configuration. Here they keep that
    // proportion, so that a small network can be made for tests.
    const hiddenChannels = 2 * hidden_dim;
    const encodingChannels = hidden_dim / 8;
    const halve = { inChannels: 1, outChannels: 1, kernelSize: 3, stride: 2, padding: 1 };
    this.#pitch = convFrom(weights.at('F0_conv'), halve);
    this.#energy = convFrom(weights.at('N_conv'), halve);
    this.#encode = new StyledBlock(weights.at('encode'), {
      inChannels: hidden_dim + 2,
      outChannels: hiddenChannels,
      styleSize: style_dim,
    });
    this.#shrink = convFrom(weights.at('asr_res', 0), {
      inChannels: hidden_dim,
      outChannels: encodingChannels,
      kernelSize: 1,
    });
    this.#blocks = Array.from({ length: keptBlocks + 1 }, (_, index) => {
      const isLast = index === keptBlocks;
      return new StyledBlock(weights.at('decode', index), {
        inChannels: hiddenChannels + encodingChannels + 2,
        outChannels: isLast ? istftnet.upsample_initial_channel : hiddenChannels,
        styleSize: style_dim,
        upsamples: isLast,
      });
    });
  }

  /** `encodings` [1, frames, hidden], curves [1, 2 · frames], `style` [1, style] → [1, 2 · frames, 512]. */
  forward(encodings: Tensor, { pitch, energy }: ProsodyCurves, style: Tensor): Tensor {
    const pitchFrames = this.#pitch.forward(expandDims(pitch, 2));
    const energyFrames = this.#energy.forward(expandDims(energy, 2));
    const reminder = [this.#shrink.forward(encodings), pitchFrames, energyFrames];
    return this.#blocks.reduce(
      (x, block) => block.forward(concatenate([x, ...reminder], 2), style),
      this.#encode.forward(concatenate([encodings, pitchFrames, energyFrames], 2), style),
    );
  }
}
