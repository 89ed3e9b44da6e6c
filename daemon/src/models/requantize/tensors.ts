/** Carries a plan out on a checkpoint's tensors. In the process that builds it: libmlx is loaded here. */

import { alter } from '../../kokoro/alterations.ts';
import { checkpointFiles, isDropped, splitKey } from '../../kokoro/checkpoint-files.ts';
import { Kokoro, loadFiles } from '../../kokoro/kokoro.ts';
import { astype, dequantize } from '../../mlx/ops.ts';
import type { QuantizationOptions } from '../../mlx/ops.ts';
import type { Tensor } from '../../mlx/tensor.ts';
import { evaluatedBytes, mlxName, packedTensors } from '../checkpoint/tensors.ts';
import { safetensorsDTypeOf } from '../safetensors/dtypes.ts';
import type { WritableTensor } from '../safetensors/write.ts';
import type { RequantizePlan } from './plan.ts';

/**
 * The tensors of the checkpoint in `folder` as a plan changes them: mlx-audio's names and layout where any module is
 * quantized, as it expects of such a checkpoint, else the source's own. They stay in memory until the process ends.
 *
 * Throws what {@link Kokoro.load} does, so that only a complete Kokoro is rewritten.
 */
export function requantizedTensors(folder: string, plan: RequantizePlan): WritableTensor[] {
  const alterations = { restDType: plan.rest, fuseWeightNorm: plan.fuseWeightNorm };
  if (plan.isQuantized) {
    return [...packedOf(Kokoro.load(folder, alterations).weights(), plan)];
  }
  Kokoro.load(folder).dispose();
  const stored = loadFiles(checkpointFiles(folder));
  alter(stored, alterations, () => undefined);
  return [...stored].filter(([name]) => !isDropped(name)).map(([name, tensor]) => asItIs(name, tensor));
}

/** From weights in MLX's layout, the rest of them cast already. */
function* packedOf(weights: ReadonlyMap<string, Tensor>, plan: RequantizePlan): Generator<WritableTensor> {
  const { packing, rest } = plan;
  const dense = new Set(plan.packed);
  const repacked = new Map(plan.repacked.map(({ path, from }) => [path, from]));
  for (const [key, tensor] of weights) {
    const [path, parameter] = splitKey(key);
    const from = repacked.get(path);
    if (packing !== undefined && dense.has(path) && parameter === 'weight') {
      const { shape, dtype } = tensor;
      yield* packedTensors(path, () => tensor, { shape, dtype: safetensorsDTypeOf(dtype), options: packing });
    } else if (packing !== undefined && from !== undefined && parameter !== 'bias') {
      if (parameter === 'weight') {
        yield* repack(weights, path, { from, to: packing, rest });
      }
    } else {
      yield asItIs(mlxName(key), tensor);
    }
  }
}

interface Repacking {
  readonly from: QuantizationOptions;
  readonly to: QuantizationOptions;
  readonly rest: RequantizePlan['rest'] | undefined;
}

/** The values that a packed module stands for, packed otherwise. */
function repack(
  weights: ReadonlyMap<string, Tensor>,
  path: string,
  { from, to, rest }: Repacking,
): WritableTensor[] {
  const [weight, scales, biases] = ['weight', 'scales', 'biases'].map((name) =>
    weights.get(`${path}.${name}`),
  );
  if (weight === undefined || scales === undefined || biases === undefined) {
    throw new Error(`repack: ${path} is not whole`);
  }
  const dtype = rest ?? scales.dtype;
  // In float32, so that a bfloat16 scale does not round every value once more.
  const values = (): Tensor =>
    astype(dequantize(weight, astype(scales, 'float32'), astype(biases, 'float32'), from), dtype);
  return packedTensors(path, values, {
    shape: [weight.dim(0), (weight.dim(1) * 32) / from.bits],
    dtype: safetensorsDTypeOf(dtype),
    options: to,
  });
}

const asItIs = (name: string, tensor: Tensor): WritableTensor => ({
  name,
  dtype: safetensorsDTypeOf(tensor.dtype),
  shape: tensor.shape,
  bytes: () => evaluatedBytes(() => tensor),
});
