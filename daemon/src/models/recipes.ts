/** The checkpoints that Tidemark makes on this machine: their names, and how each is made from the float32 weights. */

import type { QuantizationOptions } from '../mlx/ops.ts';

export interface Recipe {
  readonly name: string;
  /** What the layers are in that cannot be quantized, and what the others were in before they were. */
  readonly rest: 'float32' | 'bfloat16';
  readonly quantization?: QuantizationOptions;
  /** For a list: one phrase. */
  readonly description: string;
}

/** Raised whenever a recipe's output changes, so that checkpoints of earlier versions are built anew. */
export const recipeVersion = 1;

/** What mlx-audio's converter uses unless told otherwise. */
const groupSize = 64;

function quantized(bits: number, rest: Recipe['rest']): Recipe {
  return {
    name: `${bits}bit-${rest === 'float32' ? 'fp32' : 'bf16'}`,
    rest,
    quantization: { groupSize, bits },
    description: `${bits}-bit where layers can be quantized, ${rest} elsewhere`,
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
