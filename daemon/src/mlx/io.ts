/** Safetensors files in and out of MLX's memory. */

import { native } from './native.ts';
import type { NativeHandle } from './native.ts';
import { Tensor } from './tensor.ts';

export interface LoadedTensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Loads a file's tensors lazily: reading happens at evaluation. The caller owns them all. Throws on a malformed file. */
export function loadSafetensors(path: string): LoadedTensors {
  const { tensors, metadata } = native.loadSafetensors(path);
  const named = Object.entries(tensors).map(([name, handle]): [string, Tensor] => [name, new Tensor(handle)]);
  return { tensors: new Map(named), metadata };
}

/** Evaluates and writes tensors, not atomically: write beside the target and rename. */
export function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const handles: Record<string, NativeHandle> = {};
  for (const [name, tensor] of tensors) {
    handles[name] = tensor.handle;
  }
  native.saveSafetensors(path, handles, { ...metadata });
}
