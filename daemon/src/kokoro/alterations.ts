/** The interventions of a study in the weights: changed in one respect before the network is built from them. */

import { astype, contiguous, dequantize, weightNorm } from '../mlx/ops.ts';
import type { QuantizationOptions } from '../mlx/ops.ts';
import { evaluate, keep, scope } from '../mlx/scope.ts';
import type { DType, Tensor } from '../mlx/tensor.ts';
import type { QuantizedProduct } from '../nn/weights.ts';
import { splitKey } from './checkpoint-files.ts';

export interface Alterations {
  /** Casts the floating-point tensors of the layers that are not quantized. */
  readonly restDType?: 'float32' | 'bfloat16' | undefined;
  /** Stores the values of quantized layers dense, in the dtype of their scales, or in that of the rest where it is cast. */
  readonly dense?: boolean | undefined;
  /** Multiplies by packed weights with MLX's own product, which a CPU takes seconds for, instead of the blocked one. */
  readonly quantizedProduct?: QuantizedProduct | undefined;
  /** Stores the product of weight norm's direction and magnitude, so that no call computes it. */
  readonly fuseWeightNorm?: boolean | undefined;
}

const floating: readonly DType[] = ['float32', 'bfloat16', 'float16'];

/** The paths of the modules whose weight is packed: those that have scales. */
function quantizedPaths(keys: Iterable<string>): Set<string> {
  return new Set(
    [...keys]
      .map(splitKey)
      .filter(([, name]) => name === 'scales')
      .map(([path]) => path),
  );
}

export interface PackedModule {
  readonly path: string;
  readonly packed: Tensor;
  readonly scales: Tensor;
  readonly biases: Tensor;
  readonly options: QuantizationOptions;
}

/** The modules whose weight is packed, less those of which a tensor or the quantization is missing. */
export function packedModules(
  tensors: ReadonlyMap<string, Tensor>,
  quantizationAt: (path: string) => QuantizationOptions | undefined,
): PackedModule[] {
  return [...quantizedPaths(tensors.keys())].flatMap((path) => {
    const [packed, scales, biases] = ['weight', 'scales', 'biases'].map((name) =>
      tensors.get(`${path}.${name}`),
    );
    const options = quantizationAt(path);
    return packed && scales && biases && options ? [{ path, packed, scales, biases, options }] : [];
  });
}

/** Evaluates what `build` makes and keeps it, so that its inputs can be freed. */
function materialized(build: () => Tensor): Tensor {
  const tensor = scope(() => keep(build()));
  evaluate(tensor);
  return tensor;
}

/**
 * Changes the tensors in place, one after the other, so that no more than one original is there beside its replacement.
 * They stay the caller's. `quantizationAt` says how a packed module is quantized.
 */
export function alter(
  tensors: Map<string, Tensor>,
  { restDType, dense = false, fuseWeightNorm = false }: Alterations,
  quantizationAt: (path: string) => QuantizationOptions | undefined,
): void {
  if (fuseWeightNorm) {
    fuse(tensors);
  }
  // Before the cast: what is dense belongs to the rest.
  if (dense) {
    expand(tensors, quantizationAt);
  }
  if (restDType !== undefined) {
    castRest(tensors, restDType);
  }
}

function replace(tensors: Map<string, Tensor>, key: string, replacement: Tensor): void {
  tensors.get(key)?.dispose();
  tensors.set(key, replacement);
}

function remove(tensors: Map<string, Tensor>, key: string): void {
  tensors.get(key)?.dispose();
  tensors.delete(key);
}

/** The bias of a packed module is not packed: it counts as the rest, as it does in a checkpoint made so. */
function castRest(tensors: Map<string, Tensor>, dtype: DType): void {
  const packed = quantizedPaths(tensors.keys());
  for (const [key, tensor] of tensors) {
    const [path, name] = splitKey(key);
    const isPacked = packed.has(path) && name !== 'bias';
    if (!isPacked && floating.includes(tensor.dtype) && tensor.dtype !== dtype) {
      replace(
        tensors,
        key,
        materialized(() => astype(tensor, dtype)),
      );
    }
  }
}

/** Where something is missing, the network's own reader says so, with everything else that is. */
function expand(
  tensors: Map<string, Tensor>,
  quantizationAt: (path: string) => QuantizationOptions | undefined,
): void {
  for (const { path, packed, scales, biases, options } of packedModules(tensors, quantizationAt)) {
    const values = materialized(() => dequantize(packed, scales, biases, options));
    replace(tensors, `${path}.weight`, values);
    remove(tensors, `${path}.scales`);
    remove(tensors, `${path}.biases`);
  }
}

/** In the dtype that it is stored in, as the network's own layer computes it. */
function fuse(tensors: Map<string, Tensor>): void {
  for (const [key, direction] of [...tensors]) {
    const [path, name] = splitKey(key);
    const magnitude = tensors.get(`${path}.weight_g`);
    if (name !== 'weight_v' || magnitude === undefined) {
      continue;
    }
    const weight = materialized(() => contiguous(weightNorm(direction, magnitude)));
    tensors.set(`${path}.weight`, weight);
    remove(tensors, key);
    remove(tensors, `${path}.weight_g`);
  }
}
