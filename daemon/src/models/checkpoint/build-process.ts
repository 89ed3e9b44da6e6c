/** The child process that makes one checkpoint's weights file, so that libmlx never takes memory in its parent. */

import { readFileSync } from 'node:fs';
import { serveTask } from '../../child-task.ts';
import { storageError } from '../../files/storage-errors.ts';
import type { HomeVariable } from '../../files/storage-errors.ts';
import { decodeOnnx } from '../onnx/graph.ts';
import { importKokoro } from '../onnx/kokoro.ts';
import type { Recipe } from '../recipes.ts';
import type { RequantizePlan } from '../requantize/plan.ts';
import { tensorBytes } from '../safetensors/dtypes.ts';
import { sumByDtype, sumBytes } from '../safetensors/header.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import type { WritableTensor } from '../safetensors/write.ts';

/** A model of the catalogue from the packaged weights, their bytes already checked; or another checkpoint's folder, changed. */
export type TensorSource =
  | { readonly kind: 'packaged'; readonly weightsPath: string; readonly recipe: Recipe }
  | { readonly kind: 'checkpoint'; readonly folder: string; readonly plan: RequantizePlan };

export interface BuiltWeights {
  /** Hexadecimal, of the file. */
  readonly sha256: string;
  readonly tensorNames: readonly string[];
  readonly tensorBytes: number;
  readonly bytesByDtype: Readonly<Record<string, number>>;
  readonly mlxVersion: string;
}

export interface BuildTask {
  readonly job: {
    readonly tensors: TensorSource;
    /** Of the file to write, in a folder of this build's own. */
    readonly path: string;
    /** Where it will be, and how a person moves that: for errors. */
    readonly destination: string;
    readonly variable: HomeVariable;
  };
  readonly progress: { readonly writtenBytes: number; readonly totalBytes: number };
  readonly result: BuiltWeights;
}

async function tensorsOf(source: TensorSource): Promise<WritableTensor[]> {
  switch (source.kind) {
    case 'packaged': {
      const { checkpointTensors } = await import('./tensors.ts');
      return checkpointTensors(importKokoro(decodeOnnx(readFileSync(source.weightsPath))), source.recipe);
    }
    case 'checkpoint': {
      const { requantizedTensors } = await import('../requantize/tensors.ts');
      return requantizedTensors(source.folder, source.plan);
    }
  }
}

await serveTask<BuildTask>(async ({ tensors: source, path, destination, variable }, onProgress) => {
  // Loads libmlx, which may fail: here that is caught and reported, unlike at the top of the module.
  const { mlxVersion } = await import('../../mlx/device.ts');
  const tensors = await tensorsOf(source);
  const { sha256 } = await writeSafetensors(path, tensors, (writtenBytes, totalBytes) =>
    onProgress({ writtenBytes, totalBytes }),
  ).catch((error: unknown) => {
    throw storageError(error, destination, variable);
  });
  const sized = tensors.map((tensor) => ({ dtype: tensor.dtype, bytes: tensorBytes(tensor) }));
  return {
    sha256,
    tensorNames: tensors.map(({ name }) => name),
    tensorBytes: sumBytes(sized),
    bytesByDtype: sumByDtype(sized),
    mlxVersion: mlxVersion(),
  };
});
