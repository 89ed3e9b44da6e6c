/** Loads safetensors files into MLX's memory. */

import { native } from './native.ts';
import type { NativeHandle } from './native.ts';
import { Tensor } from './tensor.ts';

const load =
  native<(path: string) => [Record<string, NativeHandle>, metadata: Record<string, string>]>(
    'loadSafetensors',
  );

interface LoadedTensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Loads a file's tensors lazily: reading happens at evaluation. The caller owns them all. Throws on a malformed file. */
export function loadSafetensors(path: string): LoadedTensors {
  const [handles, metadata] = load(path);
  const tensors = Object.entries(handles).map(([name, handle]): [string, Tensor] => [
    name,
    new Tensor(handle),
  ]);
  return { tensors: new Map(tensors), metadata };
}
