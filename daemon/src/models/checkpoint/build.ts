/** Makes a checkpoint of the catalogue in the data folder: whole, or not at all. */

import { existsSync } from 'node:fs';
import { link, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import daemonPackage from '../../../package.json' with { type: 'json' };
import { makeFolder, syncFolder, writeDurably } from '../../files/durable.ts';
import { ifUnlocked, withLock } from '../../files/lock.ts';
import { checkedPath, vocabularySource, voicesPackage, weightsSource } from '../packaged.ts';
import type { ModelOptions } from '../progress.ts';
import { recipes, recipeVersion, tensorBytesOf } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import { checkFreeSpace, storageError } from '../../files/storage-errors.ts';
import { convertVoices, voicesFolder } from '../voices.ts';
import type { BuiltWeights } from './build-process.ts';
import { kokoroConfig } from './config.ts';
import { checkCheckpoint, recordFile, writeManifest } from './manifest.ts';
import type { FileRecord, Manifest } from './manifest.ts';
import { runBuildProcess } from './run-build-process.ts';

export const modelsFolder = (dataFolder: string): string => join(dataFolder, 'models');
export const modelFolder = (dataFolder: string, name: string): string => join(modelsFolder(dataFolder), name);
const lockPath = (dataFolder: string, name: string): string => join(dataFolder, 'locks', `${name}.lock`);

const indexName = 'model.safetensors.index.json';

/** As the unquantized checkpoint is published for MLX, and as mlx-audio's converter names a quantized one. */
const weightsFileOf = ({ quantization }: Recipe): string =>
  quantization === undefined ? 'kokoro-v1_0.safetensors' : 'model.safetensors';

/**
 * The manifest of a recipe's checkpoint, built first where it is not there, and again, with a note, where its files are
 * not what was written. Of two processes that want the same, one builds and the other waits.
 *
 * Throws a TidemarkError: 'not-writable', 'bad-checkpoint' (the packaged weights are damaged), 'interrupted',
 * 'build-failed', 'native-addon'. Then nothing is left of the attempt.
 */
export async function ensureCheckpoint(recipe: Recipe, options: ModelOptions): Promise<Manifest> {
  const { dataFolder, onProgress, signal } = options;
  const folder = modelFolder(dataFolder, recipe.name);
  const note = (message: string): void => onProgress?.({ kind: 'note', message });

  const found = await checkCheckpoint(folder, recipe).catch((error: unknown) => {
    throw storageError(error, folder);
  });
  if (found.state === 'valid') {
    return found.manifest;
  }
  return await withLock(
    lockPath(dataFolder, recipe.name),
    async () => {
      // While this process waited for the lock, its holder may have built it.
      const state = await checkCheckpoint(folder, recipe);
      if (state.state === 'valid') {
        return state.manifest;
      }
      if (state.state === 'unusable') {
        note(`The checkpoint ${recipe.name} ${state.reason}; it is built again.`);
      }
      return await build(recipe, options);
    },
    { signal, onWait: () => note(`Another process is building ${recipe.name}; waiting for it.`) },
  );
}

/** Deletes a built checkpoint and what unfinished builds left. Returns whether there was one. Throws 'not-writable'. */
export async function removeCheckpoint(
  name: string,
  { dataFolder, onProgress, signal }: ModelOptions,
): Promise<boolean> {
  const folder = modelFolder(dataFolder, name);
  const remove = async (): Promise<boolean> => {
    const retired = retiredFolder(dataFolder, name);
    try {
      await rm(partialFolder(dataFolder, name), { recursive: true, force: true });
      await rm(retired, { recursive: true, force: true });
      await rename(folder, retired);
      await rm(retired, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return false;
      }
      throw storageError(error, folder);
    }
  };
  return await withLock(lockPath(dataFolder, name), remove, {
    signal,
    onWait: () =>
      onProgress?.({ kind: 'note', message: `Another process is building ${name}; waiting for it.` }),
  });
}

/** Only the lock's holder writes there, so whatever it finds there was left by a process that is gone. */
const partialFolder = (dataFolder: string, name: string): string =>
  join(modelsFolder(dataFolder), `.${name}.partial`);
const retiredFolder = (dataFolder: string, name: string): string =>
  join(modelsFolder(dataFolder), `.${name}.retired`);

/** Deletes what killed builds of other models left; what is being built now is locked, and stays. */
async function sweep(dataFolder: string, ownName: string): Promise<void> {
  for (const { name } of recipes) {
    const leftovers = [partialFolder(dataFolder, name), retiredFolder(dataFolder, name)].filter((folder) =>
      existsSync(folder),
    );
    if (name !== ownName && leftovers.length > 0) {
      await ifUnlocked(lockPath(dataFolder, name), async () => {
        await Promise.all(leftovers.map((folder) => rm(folder, { recursive: true, force: true })));
      });
    }
  }
}

async function build(recipe: Recipe, { dataFolder, onProgress, signal }: ModelOptions): Promise<Manifest> {
  const { name } = recipe;
  const target = modelFolder(dataFolder, name);
  const partial = partialFolder(dataFolder, name);
  const retired = retiredFolder(dataFolder, name);
  try {
    await rm(partial, { recursive: true, force: true });
    await rm(retired, { recursive: true, force: true });
    makeFolder(partial);
    await sweep(dataFolder, name);
    await checkFreeSpace({
      name,
      neededBytes: tensorBytesOf(recipe),
      folder: partial,
      variable: 'TIDEMARK_HOME',
    });
    const weightsFile = weightsFileOf(recipe);
    const job = {
      kind: 'recipe' as const,
      name,
      weightsPath: await checkedPath(weightsSource, signal),
      folder: partial,
      weightsFile,
    };
    const weights = await runBuildProcess(job, {
      signal,
      onProgress: (writtenBytes, totalBytes) =>
        onProgress?.({ kind: 'building', model: name, writtenBytes, totalBytes }),
    });
    const manifest = await complete(partial, { recipe, weightsFile, weights, dataFolder, signal });
    // The old one, if any, is unusable; moving it away first makes the exchange as short as it can be.
    await rename(target, retired).catch(() => undefined);
    await rename(partial, target);
    await syncFolder(modelsFolder(dataFolder));
    await rm(retired, { recursive: true, force: true });
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    if (signal?.aborted === true) {
      throw new TidemarkError('interrupted', `The build of ${name} was interrupted; nothing of it is left.`, {
        cause: error,
      });
    }
    throw storageError(error, target);
  }
}

interface Completion {
  readonly recipe: Recipe;
  readonly weightsFile: string;
  readonly weights: BuiltWeights;
  readonly dataFolder: string;
  readonly signal: AbortSignal | undefined;
}

/** Everything of the folder but the weights, which are there already. */
async function complete(folder: string, completion: Completion): Promise<Manifest> {
  const { recipe, weightsFile, weights, dataFolder, signal } = completion;
  const tensorBytes = Object.values(weights.bytesByDtype).reduce((sum, bytes) => sum + bytes, 0);
  const files: Record<string, FileRecord> = {};
  files[weightsFile] = await recordFile(join(folder, weightsFile), weights.sha256);

  const writeJson = async (name: string, value: unknown): Promise<void> => {
    await writeDurably(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
    files[name] = await recordFile(join(folder, name));
  };
  await writeJson('config.json', kokoroConfig(recipe, await checkedPath(vocabularySource, signal)));
  if (recipe.quantization !== undefined) {
    const weightMap = Object.fromEntries(
      [...weights.tensorNames].sort().map((tensor) => [tensor, weightsFile]),
    );
    await writeJson(indexName, { metadata: { total_size: tensorBytes }, weight_map: weightMap });
  }

  await mkdir(join(folder, 'voices'));
  for (const voice of await convertVoices(dataFolder, signal)) {
    const name = `voices/${voice}.safetensors`;
    await linkOrCopy(join(voicesFolder(dataFolder), `${voice}.safetensors`), join(folder, name));
    files[name] = await recordFile(join(folder, name));
  }
  await syncFolder(join(folder, 'voices'));

  const manifest: Manifest = {
    name: recipe.name,
    recipeVersion,
    tidemark: daemonPackage.version,
    mlx: weights.mlxVersion,
    created: new Date().toISOString(),
    license: weightsSource.license,
    sources: [weightsSource, vocabularySource, { ...voicesPackage, file: 'voices/*.bin' }],
    weightsFile,
    tensorBytes,
    bytesByDtype: { ...weights.bytesByDtype },
    files,
  };
  await writeManifest(folder, manifest);
  return manifest;
}

/** All checkpoints share their voices' bytes; file systems without hard links hold them once more. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
  }
}
