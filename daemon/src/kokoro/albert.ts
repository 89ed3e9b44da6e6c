/** ALBERT, the language model whose hidden states the prosody is predicted from: one layer, passed through many times. */

import { add, arange, astype, divide, matmul, reshape, softmax, transpose, zeros } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { gelu } from '../nn/activations.ts';
import type { Layer } from '../nn/layer.ts';
import { embeddingFrom, linearFrom } from '../nn/linear.ts';
import { layerNormFrom } from '../nn/norms.ts';
import type { Weights } from '../nn/weights.ts';
import type { KokoroConfig } from './config.ts';

/** Of Hugging Face's ALBERT configuration, which Kokoro's does not repeat. */
const layerNormEpsilon = 1e-12;
const tokenTypes = 2;

export class Albert {
  readonly #embeddings: AlbertEmbeddings;
  readonly #widen: Layer;
  readonly #layer: AlbertLayer;
  readonly #passes: number;
  /**
   * Classifies whole sentences; speech does not use it. It is loaded because the published checkpoint and mlx-audio
   * hold it, so that active memory here is comparable to theirs.
   */
  readonly pooler: Layer;

  constructor(weights: Weights, { plbert, n_token }: KokoroConfig) {
    this.#embeddings = new AlbertEmbeddings(weights.at('embeddings'), plbert, n_token);
    const encoder = weights.at('encoder');
    this.#widen = linearFrom(
      encoder.at('embedding_hidden_mapping_in'),
      plbert.embedding_size,
      plbert.hidden_size,
    );
    this.#layer = new AlbertLayer(encoder.at('albert_layer_groups', 0, 'albert_layers', 0), plbert);
    this.#passes = plbert.num_hidden_layers;
    this.pooler = linearFrom(weights.at('pooler'), plbert.hidden_size, plbert.hidden_size);
  }

  /** int32 [1, tokens] → [1, tokens, hidden]. */
  forward(tokenIds: Tensor): Tensor {
    let hidden = this.#widen.forward(this.#embeddings.forward(tokenIds));
    for (let pass = 0; pass < this.#passes; pass += 1) {
      hidden = this.#layer.forward(hidden);
    }
    return hidden;
  }
}

class AlbertEmbeddings {
  readonly #words: Layer;
  readonly #positions: Layer;
  readonly #types: Layer;
  readonly #norm: Layer;

  constructor(weights: Weights, plbert: KokoroConfig['plbert'], vocabularySize: number) {
    const width = plbert.embedding_size;
    this.#words = embeddingFrom(weights.at('word_embeddings'), vocabularySize, width);
    this.#positions = embeddingFrom(weights.at('position_embeddings'), plbert.max_position_embeddings, width);
    this.#types = embeddingFrom(weights.at('token_type_embeddings'), tokenTypes, width);
    this.#norm = layerNormFrom(weights.at('LayerNorm'), width, layerNormEpsilon);
  }

  forward(tokenIds: Tensor): Tensor {
    const positions = this.#positions.forward(reshape(arange(tokenIds.dim(1)), [1, -1]));
    const types = this.#types.forward(zeros(tokenIds.shape, 'int32'));
    return this.#norm.forward(add(add(this.#words.forward(tokenIds), positions), types));
  }
}

class AlbertLayer {
  readonly #attention: AlbertAttention;
  readonly #expand: Layer;
  readonly #contract: Layer;
  readonly #norm: Layer;

  constructor(weights: Weights, plbert: KokoroConfig['plbert']) {
    this.#attention = new AlbertAttention(weights.at('attention'), plbert);
    this.#expand = linearFrom(weights.at('ffn'), plbert.hidden_size, plbert.intermediate_size);
    this.#contract = linearFrom(weights.at('ffn_output'), plbert.intermediate_size, plbert.hidden_size);
    this.#norm = layerNormFrom(weights.at('full_layer_layer_norm'), plbert.hidden_size, layerNormEpsilon);
  }

  forward(hidden: Tensor): Tensor {
    const attended = this.#attention.forward(hidden);
    const transformed = this.#contract.forward(gelu(this.#expand.forward(attended)));
    return this.#norm.forward(add(transformed, attended));
  }
}

class AlbertAttention {
  readonly #query: Layer;
  readonly #key: Layer;
  readonly #value: Layer;
  readonly #output: Layer;
  readonly #norm: Layer;
  readonly #heads: number;
  readonly #headSize: number;

  constructor(weights: Weights, { hidden_size, num_attention_heads }: KokoroConfig['plbert']) {
    const project = (name: string): Layer => linearFrom(weights.at(name), hidden_size, hidden_size);
    this.#query = project('query');
    this.#key = project('key');
    this.#value = project('value');
    this.#output = project('dense');
    this.#norm = layerNormFrom(weights.at('LayerNorm'), hidden_size, layerNormEpsilon);
    this.#heads = num_attention_heads;
    this.#headSize = hidden_size / num_attention_heads;
  }

  forward(hidden: Tensor): Tensor {
    const query = this.#split(this.#query.forward(hidden));
    const key = this.#split(this.#key.forward(hidden));
    const value = this.#split(this.#value.forward(hidden));

    const scores = divide(matmul(query, transpose(key, [0, 1, 3, 2])), Math.sqrt(this.#headSize));
    // mlx-audio adds a mask made of float32 zeros: one utterance has no padding to mask out. What the addition does is to
    // widen the scores, and with them everything that follows, to float32 in a bfloat16 model.
    const attention = softmax(astype(scores, 'float32'), -1);
    const context = reshape(transpose(matmul(attention, value), [0, 2, 1, 3]), hidden.shape);
    return this.#norm.forward(add(this.#output.forward(context), hidden));
  }

  /** [1, tokens, hidden] → [1, heads, tokens, headSize]. */
  #split(x: Tensor): Tensor {
    return transpose(reshape(x, [x.dim(0), x.dim(1), this.#heads, this.#headSize]), [0, 2, 1, 3]);
  }
}
