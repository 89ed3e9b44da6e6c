/** Mixes the voice's style into the tokens' encodings, in turns of an LSTM and a style-conditioned layer norm. */

import { add, broadcastTo, concatenate, layerNorm, reshape, split } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { linearFrom } from '../nn/linear.ts';
import type { LinearLayer } from '../nn/linear.ts';
import { BidirectionalLstm } from '../nn/lstm.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';

export class DurationEncoder {
  readonly #turns: readonly { readonly lstm: BidirectionalLstm; readonly norm: AdaptiveLayerNorm }[];

  constructor(weights: Weights, { n_layer, hidden_dim, style_dim }: KokoroConfig) {
    // The list's even entries are LSTMs and its odd ones are norms.
    this.#turns = Array.from({ length: n_layer }, (_, turn) => ({
      lstm: new BidirectionalLstm(weights.at('lstms', 2 * turn), hidden_dim + style_dim, hidden_dim / 2),
      norm: new AdaptiveLayerNorm(weights.at('lstms', 2 * turn + 1), style_dim, hidden_dim),
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

/** A layer norm whose weight, 1 + γ, and bias, β, are linear functions of the style of one utterance. */
class AdaptiveLayerNorm {
  readonly #affine: LinearLayer;

  constructor(weights: Weights, styleSize: number, width: number) {
    this.#affine = linearFrom(weights.at('fc'), styleSize, 2 * width);
  }

  forward(x: Tensor, style: Tensor): Tensor {
    const [gamma, beta] = split(reshape(this.#affine.forward(style), [-1]), 2, 0) as [Tensor, Tensor];
    return layerNorm(x, add(gamma, 1), beta, 1e-5);
  }
}
