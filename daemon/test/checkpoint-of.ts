/** Small checkpoints for tests: in memory for single layers, and as files. */

import { writeFileSync } from 'node:fs';
import { array } from '../src/mlx/ops.ts';
import { keep, scope } from '../src/mlx/scope.ts';
import type { Tensor } from '../src/mlx/tensor.ts';
import { safetensorsDTypeOf } from '../src/models/safetensors/dtypes.ts';
import { headerOf } from '../src/models/safetensors/write.ts';
import { Checkpoint } from '../src/nn/weights.ts';
import type { CheckpointOptions, Weights } from '../src/nn/weights.ts';

/** Runs `body` in a scope with a reader of these tensors, checks that it used them all, and frees them. */
export function withWeights(
  make: () => Record<string, Tensor>,
  body: (weights: Weights) => void,
  options: Partial<CheckpointOptions> = {},
): void {
  const tensors = new Map(Object.entries(scope(() => mapValues(make(), keep))));
  const checkpoint = new Checkpoint(tensors, { description: 'the test', ...options });
  try {
    scope(() => {
      body(checkpoint.root());
      checkpoint.assertFits();
    });
  } finally {
    checkpoint.dispose();
  }
}

/** Tensors of float32 numbers, by name. */
export const arrays = (
  values: Record<string, { readonly data: Float32Array; readonly shape: readonly number[] }>,
): Record<string, Tensor> => mapValues(values, ({ data, shape }) => array(data, shape));

const mapValues = <From, To>(values: Record<string, From>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

/** Evaluates tensors and writes them to a file, by name. */
export function writeTensors(path: string, tensors: Iterable<readonly [name: string, tensor: Tensor]>): void {
  const described = Array.from(tensors, ([name, tensor]) => ({
    name,
    dtype: safetensorsDTypeOf(tensor.dtype),
    shape: tensor.shape,
    bytes: new Uint8Array(tensor.toTypedArray().buffer),
  }));
  writeFileSync(path, Buffer.concat([headerOf(described, {}), ...described.map(({ bytes }) => bytes)]));
}
