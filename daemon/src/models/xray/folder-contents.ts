/** What an x-ray makes of the names and the config in a checkpoint's folder, local or remote. */

import * as v from 'valibot';
import type { Examination } from './examine.ts';

/** Of several weight files without an index: the name that converters give their result, else the first. */
export function chooseWeights(names: readonly string[]): string[] {
  return names.includes('model.safetensors') ? ['model.safetensors'] : [...names].sort().slice(0, 1);
}

const quantizationSchema = v.object({ bits: v.number(), group_size: v.optional(v.number(), 64) });
const configSchema = v.looseObject({
  quantization: v.optional(quantizationSchema),
  quantization_config: v.optional(quantizationSchema),
});

/** What a config.json says of quantization; nothing where it is none. */
export function parseQuantization(text: string): Examination['config'] {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), configSchema), text);
  if (!parsed.success) {
    return undefined;
  }
  const { quantization, quantization_config: olderName } = parsed.output;
  const found = quantization ?? olderName;
  return { quantization: found && { bits: found.bits, groupSize: found.group_size } };
}
