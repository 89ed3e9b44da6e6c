/** Makes the checkpoints of the catalogue in the data folder, and removes them. */

import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { holdLock, withLock } from '../../files/lock.ts';
import { errnoOf, storageError } from '../../files/storage-errors.ts';
import { tidemarkVersion } from '../../version.ts';
import { checkedPath, vocabularySource, voicesPackage, weightsSource } from '../packaged.ts';
import type { ModelOptions } from '../progress.ts';
import { kokoroConfig, recipeVersion, recipes, tensorBytesOf } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import { convertVoices, voicesFolder } from '../voices.ts';
import { checkCheckpoint, recordFile, writeManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { fillWhole, writeContents } from './write-checkpoint.ts';
import type { CheckpointContents, CheckpointPlace } from './write-checkpoint.ts';

export const modelsFolder = (dataFolder: string): string => join(dataFolder, 'models');
export const modelFolder = (dataFolder: string, name: string): string => join(modelsFolder(dataFolder), name);

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
  const { dataFolder, onProgress } = options;
  const folder = modelFolder(dataFolder, recipe.name);
  const found = await checkCheckpoint(folder, recipe).catch((error: unknown) => {
    throw storageError(error, folder);
  });
  if (found.state === 'valid') {
    return found.manifest;
  }
  return await locked(recipe.name, options, async () => {
    // While this process waited for the lock, its holder may have built it.
    const state = await checkCheckpoint(folder, recipe);
    if (state.state === 'valid') {
      return state.manifest;
    }
    if (state.state === 'unusable') {
      const message = `The checkpoint ${recipe.name} ${state.reason}; rebuilding it.`;
      onProgress?.({ kind: 'note', message });
    }
    return await build(recipe, options);
  });
}

/** Deletes a built checkpoint and what unfinished builds left. Returns whether there was one. Throws 'not-writable'. */
export async function removeCheckpoint(name: string, options: ModelOptions): Promise<boolean> {
  const folder = modelFolder(options.dataFolder, name);
  const retired = retiredFolder(options.dataFolder, name);
  return await locked(name, options, async () => {
    try {
      await rm(partialFolder(options.dataFolder, name), { recursive: true, force: true });
      await rm(retired, { recursive: true, force: true });
      await rename(folder, retired);
      await rm(retired, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        return false;
      }
      throw storageError(error, folder);
    }
  });
}

const lockPath = (dataFolder: string, name: string): string => join(dataFolder, 'locks', `${name}.lock`);
/** Only the lock's holder writes to these two. */
const partialFolder = (dataFolder: string, name: string): string =>
  join(modelsFolder(dataFolder), `.${name}.partial`);
const retiredFolder = (dataFolder: string, name: string): string =>
  join(modelsFolder(dataFolder), `.${name}.retired`);

const locked = <Result>(
  name: string,
  { dataFolder, onProgress, signal }: ModelOptions,
  body: () => Promise<Result>,
): Promise<Result> =>
  withLock(lockPath(dataFolder, name), body, {
    signal,
    onWait: () =>
      onProgress?.({ kind: 'note', message: `Another process is building ${name}; waiting for it.` }),
  });

/** Deletes what killed builds of other models left; what is being built now is locked, and stays. */
async function sweep(dataFolder: string, ownName: string): Promise<void> {
  for (const { name } of recipes) {
    const leftovers = [partialFolder(dataFolder, name), retiredFolder(dataFolder, name)].filter((folder) =>
      existsSync(folder),
    );
    if (name !== ownName && leftovers.length > 0) {
      using lock = holdLock(lockPath(dataFolder, name));
      if (lock !== undefined) {
        await Promise.all(leftovers.map((folder) => rm(folder, { recursive: true, force: true })));
      }
    }
  }
}

async function build(recipe: Recipe, options: ModelOptions): Promise<Manifest> {
  const { name, quantization } = recipe;
  const { dataFolder, signal } = options;
  const folder = modelFolder(dataFolder, name);
  const partial = partialFolder(dataFolder, name);
  const retired = retiredFolder(dataFolder, name);
  const removeRetired = (): Promise<void> => rm(retired, { recursive: true, force: true });
  const place: CheckpointPlace = {
    name,
    folder,
    partial,
    variable: 'TIDEMARK_HOME',
    // The old one, if any, is unusable; moving it away first makes the exchange as short as it can be.
    clear: () => rename(folder, retired).catch(() => undefined),
  };
  const manifest = await fillWhole(place, signal, async () => {
    await removeRetired();
    await sweep(dataFolder, name);
    const weightsFile = weightsFileOf(recipe);
    const contents: CheckpointContents = {
      tensors: { kind: 'packaged', weightsPath: await checkedPath(weightsSource, signal), recipe },
      weightsFile,
      neededBytes: tensorBytesOf(recipe),
      config: kokoroConfig(recipe, await checkedPath(vocabularySource, signal)),
      isQuantized: quantization !== undefined,
      // All checkpoints share their voices' bytes.
      voices: {
        folder: voicesFolder(dataFolder),
        names: (await convertVoices(dataFolder, signal)).map((voice) => `${voice}.safetensors`),
        areShared: true,
      },
    };
    const { sha256, otherFiles, tensorBytes, bytesByDtype, mlxVersion } = await writeContents(
      place,
      contents,
      options,
    );
    const files = { [weightsFile]: await recordFile(join(partial, weightsFile), sha256) };
    for (const file of otherFiles) {
      files[file] = await recordFile(join(partial, file));
    }
    const written: Manifest = {
      name,
      recipeVersion,
      tidemark: tidemarkVersion,
      mlx: mlxVersion,
      created: new Date().toISOString(),
      license: weightsSource.license,
      sources: [weightsSource, vocabularySource, { ...voicesPackage, file: 'voices/*.bin' }],
      weightsFile,
      tensorBytes,
      bytesByDtype,
      files,
    };
    await writeManifest(partial, written);
    return written;
  });
  await removeRetired();
  return manifest;
}
