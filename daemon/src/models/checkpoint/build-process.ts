/** The child process that makes one checkpoint's weights file, so that libmlx's memory never lies in its parent. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ErrorCode } from '@tidemark/shared/errors.ts';
import { decodeOnnx } from '../onnx/graph.ts';
import { importKokoro } from '../onnx/kokoro.ts';
import { recipes } from '../recipes.ts';
import type { RequantizePlan } from '../requantize/plan.ts';
import { describeDType } from '../safetensors/dtypes.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import type { WritableTensor } from '../safetensors/write.ts';
import { elementCount } from '../source-tensor.ts';
import { errnoOf } from '../../files/storage-errors.ts';

interface JobPlace {
  /** The recipe's name, or how an error names what is made. */
  readonly name: string;
  /** An empty folder of this build's own. */
  readonly folder: string;
  readonly weightsFile: string;
}

/** Makes a model of the catalogue. */
interface RecipeJob extends JobPlace {
  readonly kind: 'recipe';
  /** The ONNX file, its bytes already checked. */
  readonly weightsPath: string;
}

/** Makes a checkpoint from another one. */
interface RequantizeJob extends JobPlace {
  readonly kind: 'requantize';
  /** The other one's folder. */
  readonly source: string;
  readonly plan: RequantizePlan;
}

/** What the parent gives as the one argument, in JSON. */
export type BuildJob = RecipeJob | RequantizeJob;

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
  // Loads libmlx, which may fail: here that is caught and reported, unlike at the top of the module.
  const { mlxVersion } = await import('../../mlx/device.ts');
  const tensors = await tensorsOf(job);
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

async function tensorsOf(job: BuildJob): Promise<WritableTensor[]> {
  switch (job.kind) {
    case 'recipe': {
      const recipe = recipes.find(({ name }) => name === job.name);
      if (recipe === undefined) {
        throw new Error(`no recipe is named ${job.name}`);
      }
      const { checkpointTensors } = await import('./tensors.ts');
      return checkpointTensors(importKokoro(decodeOnnx(readFileSync(job.weightsPath))), recipe);
    }
    case 'requantize': {
      const { requantizedTensors } = await import('../requantize/tensors.ts');
      return requantizedTensors(job.source, job.plan);
    }
  }
}

function failure(error: unknown): BuildMessage {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof TidemarkError
    ? { type: 'failed', message, code: error.code, hint: error.hint }
    : { type: 'failed', message, errno: errnoOf(error) };
}

const leave = (): never => process.exit(1);

// The parent decides what an interrupt from the terminal means, and ends this process; without it there is no purpose.
process.on('SIGINT', () => undefined);
process.on('disconnect', leave);

/** Resolves when it is written: a busy parent reads late, and a channel that closes before loses what is in the queue. */
async function deliver(message: BuildMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (process.send === undefined) {
    resolve(undefined);
  } else {
    process.send(message, () => resolve(undefined));
  }
  await promise;
}

try {
  await deliver({ type: 'built', weights: await build(JSON.parse(process.argv[2] ?? '') as BuildJob) });
} catch (error) {
  await deliver(failure(error));
}
process.removeListener('disconnect', leave);
process.disconnect?.();
