/** Predicts how long each token lasts, and so which token each frame belongs to, and the pitch and energy of each half frame. */

import {
  astype,
  broadcastTo,
  clip,
  concatenate,
  divide,
  nanToNum,
  round,
  sigmoid,
  squeeze,
  sum,
} from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { convFrom } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import { linearFrom } from '../nn/linear.ts';
import { lstmFrom } from '../nn/lstm.ts';
import { adaptiveLayerNormFrom } from '../nn/norms.ts';
import type { StyledLayer } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';
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
  readonly #lstm: Layer;
  readonly #duration: Layer;
  readonly #shared: Layer;
  readonly #pitch: CurvePredictor;
  readonly #energy: CurvePredictor;

  constructor(weights: Weights, config: KokoroConfig) {
    const { hidden_dim, style_dim, max_dur } = config;
    const lstm = (name: string): Layer => lstmFrom(weights.at(name), hidden_dim + style_dim, hidden_dim / 2);
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

/**
 * Durations in frames → the index of each frame's token: [2, 1, 3] → [0, 0, 1, 2, 2, 2].
 *
 * mlx-audio multiplies by a matrix of zeros and ones instead; gathering by these indices gives the same numbers.
 */
export function alignmentIndices(durations: Int32Array): Int32Array {
  const frameCount = durations.reduce((sum, duration) => sum + duration, 0);
  const indices = new Int32Array(frameCount);
  let frame = 0;
  durations.forEach((duration, token) => {
    indices.fill(token, frame, frame + duration);
    frame += duration;
  });
  return indices;
}

/** Mixes the voice's style into the tokens' encodings, in turns of an LSTM and a style-conditioned layer norm. */
class DurationEncoder {
  readonly #turns: readonly { readonly lstm: Layer; readonly norm: StyledLayer }[];

  constructor(weights: Weights, { n_layer, hidden_dim, style_dim }: KokoroConfig) {
    // The list's even entries are LSTMs and its odd ones are norms.
    this.#turns = Array.from({ length: n_layer }, (_, turn) => ({
      lstm: lstmFrom(weights.at('lstms', 2 * turn), hidden_dim + style_dim, hidden_dim / 2),
      norm: adaptiveLayerNormFrom(weights.at('lstms', 2 * turn + 1), style_dim, hidden_dim),
    }));
  }

  /** [1, tokens, hidden] and a style [1, style] → [1, tokens, hidden + style]. */
  forward(encoded: Tensor, style: Tensor): Tensor {
    const repeatedStyle = broadcastTo(style, [1, encoded.dim(1), style.dim(1)]);
    const withStyle = (x: Tensor): Tensor => concatenate([x, repeatedStyle], 2);
    return this.#turns.reduce(
      (x, { lstm, norm }) => withStyle(norm.forward(lstm.forward(x), style)),
      withStyle(encoded),
    );
  }
}

/** One curve, at two values a frame. */
class CurvePredictor {
  readonly #blocks: readonly StyledBlock[];
  readonly #project: Layer;

  constructor(weights: Weights, name: 'F0' | 'N', { hidden_dim, style_dim }: KokoroConfig) {
    const half = hidden_dim / 2;
    const block = (index: number, inChannels: number, outChannels: number, upsamples: boolean): StyledBlock =>
      new StyledBlock(weights.at(name, index), { inChannels, outChannels, styleSize: style_dim, upsamples });
    this.#blocks = [
      block(0, hidden_dim, hidden_dim, false),
      block(1, hidden_dim, half, true),
      block(2, half, half, false),
    ];
    this.#project = convFrom(weights.at(`${name}_proj`), {
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
