/** Writes safetensors files for tests. */

import { writeFileSync } from 'node:fs';
import type { Tensor } from '../src/mlx/tensor.ts';
import { safetensorsDTypeOf } from '../src/models/safetensors/dtypes.ts';
import { headerOf } from '../src/models/safetensors/write.ts';

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
