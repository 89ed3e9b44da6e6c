/** Predicts how long each token lasts, and the pitch and energy of each half frame. */

import { astype, clip, divide, nanToNum, round, sigmoid, squeeze, sum } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { Conv1d } from '../nn/conv.ts';
import { linearFrom } from '../nn/linear.ts';
import type { LinearLayer } from '../nn/linear.ts';
import { BidirectionalLstm } from '../nn/lstm.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';
import { DurationEncoder } from './duration-encoder.ts';
import { StyledBlock } from './styled-block.ts';

/** No token lasts longer, in frames; from mlx-audio, whose guard against runaway durations this is. */
const maximumFrames = 100;

export interface ProsodyCurves {
  /** The fundamental frequency in Hz, [1, 2 · frames]. */
  readonly pitch: Tensor;
  /** The energy, [1, 2 · frames]. */
  readonly energy: Tensor;
}

export class ProsodyPredictor {
  readonly durationEncoder: DurationEncoder;
  readonly #lstm: BidirectionalLstm;
  readonly #duration: LinearLayer;
  readonly #shared: BidirectionalLstm;
  readonly #pitch: CurvePredictor;
  readonly #energy: CurvePredictor;

  constructor(weights: Weights, config: KokoroConfig) {
    const { hidden_dim, style_dim, max_dur } = config;
    const lstm = (name: string): BidirectionalLstm =>
      new BidirectionalLstm(weights.at(name), hidden_dim + style_dim, hidden_dim / 2);
    this.durationEncoder = new DurationEncoder(weights.at('text_encoder'), config);
    this.#lstm = lstm('lstm');
    this.#duration = linearFrom(weights.at('duration_proj', 'linear_layer'), hidden_dim, max_dur);
    this.#shared = lstm('shared');
    this.#pitch = new CurvePredictor(weights, 'F0', config);
    this.#energy = new CurvePredictor(weights, 'N', config);
  }

  /** How many frames each token lasts, before rounding: [1, tokens, hidden + style] → [1, tokens]. */
  durations(encoded: Tensor, speed: number): Tensor {
    const chances = sigmoid(this.#duration.forward(this.#lstm.forward(encoded)));
    return nanToNum(divide(sum(chances, { axes: [2] }), speed), 1, maximumFrames, 1);
  }

  /** From the duration encoding of each frame's token, [1, frames, hidden + style], and a style [1, style]. */
  curves(encodedFrames: Tensor, style: Tensor): ProsodyCurves {
    const shared = this.#shared.forward(encodedFrames);
    return { pitch: this.#pitch.forward(shared, style), energy: this.#energy.forward(shared, style) };
  }
}

/** Durations as whole frames, each at least one: int32, halves rounded to even. */
export function wholeFrames(durations: Tensor): Tensor {
  return astype(clip(round(durations), 1, maximumFrames), 'int32');
}

/** One curve, at two values a frame. */
class CurvePredictor {
  readonly #blocks: readonly StyledBlock[];
  readonly #project: Conv1d;

  constructor(weights: Weights, name: 'F0' | 'N', { hidden_dim, style_dim }: KokoroConfig) {
    const half = hidden_dim / 2;
    const block = (index: number, inChannels: number, outChannels: number, upsamples: boolean): StyledBlock =>
      new StyledBlock(weights.at(name, index), { inChannels, outChannels, styleSize: style_dim, upsamples });
    this.#blocks = [
      block(0, hidden_dim, hidden_dim, false),
      block(1, hidden_dim, half, true),
      block(2, half, half, false),
    ];
    this.#project = new Conv1d(weights.at(`${name}_proj`), {
      inChannels: half,
      outChannels: 1,
      kernelSize: 1,
    });
  }

  /** [1, frames, hidden] → [1, 2 · frames]. */
  forward(frames: Tensor, style: Tensor): Tensor {
    const hidden = this.#blocks.reduce((x, block) => block.forward(x, style), frames);
    return squeeze(this.#project.forward(hidden), 2);
  }
}
