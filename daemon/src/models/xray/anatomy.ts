/** Sorts a checkpoint's tensors by parts of the network and by kinds of layers. */

import type { TensorEntry } from '../safetensors/header.ts';
import { elementCount } from '../safetensors/dtypes.ts';
import type { QuantizedModule } from './quantized-modules.ts';

/** Kokoro's parts in the order in which speech passes them, each by the start of its tensors' names. */
const parts: readonly (readonly [part: string, prefix: string])[] = [
  ['bert', 'bert.'],
  ['bert_encoder', 'bert_encoder.'],
  ['predictor', 'predictor.'],
  ['text_encoder', 'text_encoder.'],
  ['decoder.generator', 'decoder.generator.'],
  ['decoder', 'decoder.'],
];

export const partNames: readonly string[] = [
  'bert',
  'bert_encoder',
  'predictor',
  'text_encoder',
  'decoder',
  'decoder.generator',
  'other',
];

export const partOf = (name: string): string =>
  parts.find(([, prefix]) => name.startsWith(prefix))?.[0] ?? 'other';

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
