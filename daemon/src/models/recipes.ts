/** The checkpoints that Tidemark builds on this machine: names, sizes and config, and how each is made from float32 weights. */

import { readFileSync } from 'node:fs';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import * as v from 'valibot';
import type { QuantizationOptions } from '../mlx/ops.ts';
import { setupHint } from '../paths.ts';

export interface Recipe {
  readonly name: string;
  /** What the layers are in that cannot be quantized, and what the others were in before they were. */
  readonly rest: 'float32' | 'bfloat16';
  readonly quantization?: QuantizationOptions;
  /** For a list: one phrase. */
  readonly description: string;
}

/** Raised whenever a recipe's output changes, so that checkpoints of earlier versions are rebuilt. */
export const recipeVersion = 1;

/** The default of mlx-audio's converter. */
const groupSize = 64;

function quantized(bits: number, rest: Recipe['rest']): Recipe {
  return {
    name: `${bits}bit-${rest === 'float32' ? 'fp32' : 'bf16'}`,
    rest,
    quantization: { groupSize, bits },
    description: `${bits}-bit layers where possible, ${rest} elsewhere`,
  };
}

export const recipes: readonly Recipe[] = [
  { name: 'fp32', rest: 'float32', description: 'float32 throughout' },
  { name: 'bf16', rest: 'bfloat16', description: 'bfloat16 throughout' },
  ...[8, 6, 4].map((bits) => quantized(bits, 'float32')),
  ...[8, 6, 4].map((bits) => quantized(bits, 'bfloat16')),
];

/** Kokoro-82M's parameters, and those of them in layers that can be quantized (87 linear and embedding layers). */
const parameters = 81_763_410;
const quantizableParameters = 13_151_232;

/** Bytes of a recipe's tensors: packed weights, a scale and a bias for each group, and the rest at its own size. */
export function tensorBytesOf({ rest, quantization }: Recipe): number {
  const itemBytes = rest === 'float32' ? 4 : 2;
  if (quantization === undefined) {
    return parameters * itemBytes;
  }
  const groups = quantizableParameters / quantization.groupSize;
  return (
    (parameters - quantizableParameters) * itemBytes +
    (quantizableParameters * quantization.bits) / 8 +
    2 * groups * itemBytes
  );
}

/** Whether mlx-audio's converter would quantize a parameter: the weight of a linear or embedding layer of whole groups. */
export function isQuantizable(name: string, shape: readonly number[], options: QuantizationOptions): boolean {
  const [, columns] = shape;
  return (
    name.endsWith('.weight') &&
    shape.length === 2 &&
    columns !== undefined &&
    columns % options.groupSize === 0
  );
}

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
