/** Encodes the phonemes for the decoder: an embedding, convolutions and an LSTM. */

import type { Tensor } from '../mlx/tensor.ts';
import { leakyRelu } from '../nn/activations.ts';
import { convFrom } from '../nn/conv.ts';
import type { Layer } from '../nn/layer.ts';
import { embeddingFrom } from '../nn/linear.ts';
import { lstmFrom } from '../nn/lstm.ts';
import { layerNormFrom } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';

export class TextEncoder {
  readonly #embedding: Layer;
  readonly #layers: readonly { readonly conv: Layer; readonly norm: Layer }[];
  readonly #lstm: Layer;

  constructor(weights: Weights, { hidden_dim, n_token, n_layer, text_encoder_kernel_size }: KokoroConfig) {
    this.#embedding = embeddingFrom(weights.at('embedding'), n_token, hidden_dim);
    this.#layers = Array.from({ length: n_layer }, (_, layer) => ({
      conv: convFrom(weights.at('cnn', layer, 0), {
        inChannels: hidden_dim,
        outChannels: hidden_dim,
        kernelSize: text_encoder_kernel_size,
        padding: (text_encoder_kernel_size - 1) / 2,
      }),
      norm: layerNormFrom(weights.at('cnn', layer, 1), hidden_dim, 1e-5),
    }));
    this.#lstm = lstmFrom(weights.at('lstm'), hidden_dim, hidden_dim / 2);
  }

  /** int32 [1, tokens] → [1, tokens, hidden]. */
  forward(tokenIds: Tensor): Tensor {
    const convolved = this.#layers.reduce(
      (x, { conv, norm }) => leakyRelu(norm.forward(conv.forward(x)), 0.2),
      this.#embedding.forward(tokenIds),
    );
    return this.#lstm.forward(convolved);
  }
}
