/** Sorts a checkpoint's tensors by parts of the network and kinds of layers, and finds its quantized modules. */

import { elementCount } from '../safetensors/dtypes.ts';
import type { TensorEntry } from '../safetensors/header.ts';

/** Kokoro's parts, the names of their tensors beginning with theirs; a part comes before those within it. */
export const partNames = [
  'bert',
  'bert_encoder',
  'predictor',
  'text_encoder',
  'decoder',
  'decoder.generator',
  'other',
] as const;

export const partOf = (name: string): string =>
  partNames.findLast((part) => name.startsWith(`${part}.`)) ?? 'other';

/** A layer's kind, in the plural, as far as a tensor's name and shape tell it. */
export function layerKindOf({ name, shape }: TensorEntry): string {
  const parameter = name.slice(name.lastIndexOf('.') + 1);
  if (/^(weight|bias)_(ih|hh)_|^W[xh]_|^bias_[ih]h_/.test(parameter)) {
    return 'LSTMs';
  }
  if (/^weight_[vg]$/.test(parameter) || (parameter === 'weight' && shape.length === 3)) {
    return 'convolutions';
  }
  if (parameter === 'weight' && shape.length === 2) {
    return /embedding/.test(name) && !/mapping/.test(name) ? 'embeddings' : 'linear layers';
  }
  return 'biases, norms and other small tensors';
}

/** Parameters of each tensor as the network sees them: of a packed weight those that it stands for, of its scales none. */
export function logicalParameters(
  tensors: Iterable<TensorEntry>,
  modules: readonly QuantizedModule[],
): Map<TensorEntry, number> {
  const counts = new Map([...tensors].map((tensor) => [tensor, elementCount(tensor.shape)]));
  for (const { tensors: owned, parameters } of modules) {
    for (const [index, tensor] of owned.entries()) {
      counts.set(tensor, index === 0 ? parameters : 0);
    }
  }
  return counts;
}

export interface QuantizedModule {
  /** The module's path. */
  readonly name: string;
  readonly bits: number;
  readonly groupSize: number;
  readonly parameters: number;
  /** Packed weight, scales and biases. */
  readonly tensors: readonly TensorEntry[];
}

export interface ConfiguredQuantization {
  readonly bits: number;
  readonly groupSize: number;
}

/**
 * Kokoro-82M's layers by the length of their input, which packing hides: a packed row has columns · bits / 32 words and
 * columns / groupSize scales, so that 4 bits in groups of 64 look like 8 bits in groups of 32.
 */
const inputLengths: readonly (readonly [pattern: RegExp, columns: number])[] = [
  [/^bert\.embeddings\./, 128],
  [/\.embedding_hidden_mapping_in$/, 128],
  [/\.ffn_output$/, 2048],
  [/^bert(_encoder$|\.)/, 768],
  [/^text_encoder\.embedding$/, 512],
  [/\.duration_proj\.linear_layer$/, 512],
  [/\.fc$/, 128],
];

/** All modules whose weight is packed beside scales. Others, of unknown shape, take the configured values. */
export function findQuantizedModules(
  tensors: ReadonlyMap<string, TensorEntry>,
  configured: ConfiguredQuantization | undefined,
): QuantizedModule[] {
  return [...tensors.values()].flatMap((scales) => {
    const name = /^(?<name>.+)\.scales$/.exec(scales.name)?.groups?.['name'];
    const weight = tensors.get(`${name ?? ''}.weight`);
    if (name === undefined || weight?.dtype !== 'U32' || weight.shape.length < 2) {
      return [];
    }
    const biases = tensors.get(`${name}.biases`);
    const parts = [weight, scales, ...(biases === undefined ? [] : [biases])];
    const words = weight.shape.at(-1) ?? 0;
    const groups = scales.shape.at(-1) ?? 0;
    const columns =
      inputLengths.find(([pattern]) => pattern.test(name))?.[1] ??
      (configured === undefined ? groups * 64 : (words * 32) / configured.bits);
    return [
      {
        name,
        bits: (words * 32) / columns,
        groupSize: columns / groups,
        parameters: elementCount(weight.shape.slice(0, -1)) * columns,
        tensors: parts,
      },
    ].filter(({ bits, groupSize }) => isPositiveInteger(bits) && isPositiveInteger(groupSize));
  });
}

/** False for tensors without elements, which have no packing. */
const isPositiveInteger = (value: number): boolean => Number.isInteger(value) && value > 0;
