/** Writes the folder of a checkpoint, whatever its tensors are made from: whole, or not at all. */

import { link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runTask } from '../../child-task.ts';
import { copyDurably, makeFolder, syncFolder, writeDurably } from '../../files/durable.ts';
import { checkFreeSpace, storageError } from '../../files/storage-errors.ts';
import type { HomeVariable } from '../../files/storage-errors.ts';
import { throwIfInterrupted } from '../../interruption.ts';
import { indexName } from '../../kokoro/checkpoint-files.ts';
import type { ModelOptions } from '../progress.ts';
import type { BuildTask, BuiltWeights, TensorSource } from './build-process.ts';

export interface CheckpointPlace {
  /** What the checkpoint is called in progress and errors. */
  readonly name: string;
  /** The folder to be. */
  readonly folder: string;
  /** A folder beside it, for this process alone: whatever is there was left by one that is gone. */
  readonly partial: string;
  /** How a person moves it. */
  readonly variable: HomeVariable;
  /** Moves what is at `folder` out of the way, or throws why it must stay. */
  readonly clear: () => void | Promise<void>;
}

/**
 * Runs `fill` with an empty partial folder and moves that to its place when it is done. Whatever else happens, nothing of it is left;
 * what a killed process left there is removed by the next one. The caller holds a lock of this place.
 *
 * Throws what `fill` throws, with the disk's errors as 'not-writable' and an abort as 'interrupted'.
 */
export async function fillWhole<Result>(
  { name, folder, partial, variable, clear }: CheckpointPlace,
  signal: AbortSignal | undefined,
  fill: () => Promise<Result>,
): Promise<Result> {
  try {
    await rm(partial, { recursive: true, force: true });
    makeFolder(partial);
    const result = await fill();
    signal?.throwIfAborted();
    await syncFolder(partial);
    await clear();
    await rename(partial, folder);
    await syncFolder(dirname(folder));
    return result;
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throwIfInterrupted(signal, `The build of ${name} was interrupted; its partial files were removed.`);
    throw storageError(error, folder, variable);
  }
}

export interface CheckpointContents {
  readonly tensors: TensorSource;
  readonly weightsFile: string;
  /** Of disk space. */
  readonly neededBytes: number;
  /** What `config.json` holds. */
  readonly config: unknown;
  /** A quantized checkpoint has an index, as mlx-audio's converter writes one. */
  readonly isQuantized: boolean;
  /** Safetensors files by their names in `folder`. */
  readonly voices: {
    readonly folder: string;
    readonly names: readonly string[];
    readonly areShared: boolean;
  };
}

export interface WrittenCheckpoint extends BuiltWeights {
  /** All files but the weights, relative to the folder. */
  readonly otherFiles: readonly string[];
}

/** Makes the files that loading needs in the partial folder of a place, the weights in a process of their own. */
export async function writeContents(
  { name, folder: destination, partial: folder, variable }: CheckpointPlace,
  { tensors, weightsFile, neededBytes, config, isQuantized, voices }: CheckpointContents,
  { onProgress, signal }: ModelOptions,
): Promise<WrittenCheckpoint> {
  await checkFreeSpace({ name: destination, neededBytes, folder, variable });
  const weights = await runTask<BuildTask>(
    new URL('build-process.ts', import.meta.url),
    { tensors, path: join(folder, weightsFile), destination, variable },
    {
      name: `The process that builds ${name}`,
      failure: 'build-failed',
      defect: 'build-failed',
      signal,
      onProgress: (progress) => onProgress?.({ kind: 'building', model: name, ...progress }),
    },
  );
  const otherFiles: string[] = [];
  const writeJson = async (file: string, value: unknown): Promise<void> => {
    await writeDurably(join(folder, file), `${JSON.stringify(value, undefined, 2)}\n`);
    otherFiles.push(file);
  };
  await writeJson('config.json', config);
  if (isQuantized) {
    await writeJson(indexName, {
      metadata: { total_size: weights.tensorBytes },
      weight_map: Object.fromEntries([...weights.tensorNames].sort().map((tensor) => [tensor, weightsFile])),
    });
  }
  if (voices.names.length > 0) {
    await mkdir(join(folder, 'voices'));
    const add = voices.areShared ? linkOrCopy : copyDurably;
    for (const voice of voices.names) {
      await add(join(voices.folder, voice), join(folder, 'voices', voice));
      otherFiles.push(`voices/${voice}`);
    }
    await syncFolder(join(folder, 'voices'));
  }
  return { ...weights, otherFiles };
}

/** Of files that nobody edits; file systems without hard links hold them once more. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyDurably(from, to));
}
