/** The child process that makes one checkpoint's weights file, so that libmlx's memory never lies in its parent. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ErrorCode } from '@tidemark/shared/errors.ts';
import { decodeOnnx } from '../onnx/graph.ts';
import { importKokoro } from '../onnx/kokoro.ts';
import { recipes } from '../recipes.ts';
import { describeDType } from '../safetensors/dtypes.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import { elementCount } from '../source-tensor.ts';
import { errnoOf } from '../storage-errors.ts';

/** What the parent gives as the one argument, in JSON. */
export interface BuildJob {
  readonly recipe: string;
  /** The ONNX file, its bytes already checked. */
  readonly weightsPath: string;
  /** An empty folder of this build's own. */
  readonly folder: string;
  readonly weightsFile: string;
}

export interface BuiltWeights {
  readonly sha256: string;
  readonly tensorNames: readonly string[];
  readonly bytesByDtype: Readonly<Record<string, number>>;
  readonly mlxVersion: string;
}

export type BuildMessage =
  | { readonly type: 'progress'; readonly writtenBytes: number; readonly totalBytes: number }
  | { readonly type: 'built'; readonly weights: BuiltWeights }
  | {
      readonly type: 'failed';
      readonly message: string;
      /** The error's own code: the system's, or Tidemark's. */
      readonly errno?: string | undefined;
      readonly code?: ErrorCode | undefined;
      readonly hint?: string | undefined;
    };

const send = (message: BuildMessage): void => void process.send?.(message);

async function build(job: BuildJob): Promise<BuiltWeights> {
  const recipe = recipes.find(({ name }) => name === job.recipe);
  if (recipe === undefined) {
    throw new Error(`no recipe is named ${job.recipe}`);
  }
  // Loads libmlx, which may fail: here that is caught and reported, unlike at the top of the module.
  const { checkpointTensors } = await import('./tensors.ts');
  const { mlxVersion } = await import('../../mlx/device.ts');
  const tensors = checkpointTensors(importKokoro(decodeOnnx(readFileSync(job.weightsPath))), recipe);
  const { sha256 } = await writeSafetensors(join(job.folder, job.weightsFile), tensors, {
    onProgress: (writtenBytes, totalBytes) => send({ type: 'progress', writtenBytes, totalBytes }),
  });
  const bytesByDtype: Record<string, number> = {};
  for (const { dtype, shape } of tensors) {
    const { name, itemBytes } = describeDType(dtype);
    bytesByDtype[name] = (bytesByDtype[name] ?? 0) + elementCount(shape) * itemBytes;
  }
  const tensorNames = tensors.map(({ name }) => name);
  return { sha256, tensorNames, bytesByDtype, mlxVersion: mlxVersion() };
}

function failure(error: unknown): BuildMessage {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof TidemarkError
    ? { type: 'failed', message, code: error.code, hint: error.hint }
    : { type: 'failed', message, errno: errnoOf(error) };
}

// The parent decides what an interrupt from the terminal means, and ends this process; without it there is no purpose.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));

try {
  send({ type: 'built', weights: await build(JSON.parse(process.argv[2] ?? '') as BuildJob) });
} catch (error) {
  send(failure(error));
}
process.disconnect?.();
