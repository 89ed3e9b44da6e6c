/** Kokoro-82M's `config.json`, with the fields and the order of the published one. */

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { setupHint } from '../packaged.ts';
import type { Recipe } from '../recipes.ts';

/** The sizes of hexgrad/Kokoro-82M; the packaged weights come without them. */
export const architecture = {
  model_type: 'kokoro',
  istftnet: {
    upsample_kernel_sizes: [20, 12],
    upsample_rates: [10, 6],
    gen_istft_hop_size: 5,
    gen_istft_n_fft: 20,
    resblock_dilation_sizes: [
      [1, 3, 5],
      [1, 3, 5],
      [1, 3, 5],
    ],
    resblock_kernel_sizes: [3, 7, 11],
    upsample_initial_channel: 512,
  },
  dim_in: 64,
  dropout: 0.2,
  hidden_dim: 512,
  max_conv_dim: 512,
  max_dur: 50,
  multispeaker: true,
  n_layer: 3,
  n_mels: 80,
  n_token: 178,
  style_dim: 128,
  text_encoder_kernel_size: 5,
  plbert: {
    hidden_size: 768,
    num_attention_heads: 12,
    intermediate_size: 2048,
    max_position_embeddings: 512,
    num_hidden_layers: 12,
    dropout: 0.1,
  },
} as const;

const vocabularyFile = v.object({ vocab: v.record(v.string(), v.number()) });

/** A recipe's whole `config.json`, the vocabulary taken from `vocabularyPath`. Throws 'bad-checkpoint' without it. */
export function kokoroConfig({ quantization }: Recipe, vocabularyPath: string): Record<string, unknown> {
  return {
    ...architecture,
    vocab: readVocabulary(vocabularyPath),
    ...(quantization && { quantization: { group_size: quantization.groupSize, bits: quantization.bits } }),
  };
}

function readVocabulary(path: string): Record<string, number> {
  try {
    return v.parse(vocabularyFile, JSON.parse(readFileSync(path, 'utf8'))).vocab;
  } catch (cause) {
    throw new TidemarkError('bad-checkpoint', `The packaged vocabulary ${path} cannot be read.`, {
      hint: setupHint,
      cause,
    });
  }
}
