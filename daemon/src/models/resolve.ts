/** From what a person calls a model to a checkpoint folder that can be loaded. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { ensureCheckpoint, modelFolder } from './checkpoint/build.ts';
import { describeFolder } from './folder.ts';
import { ensureSnapshot } from './hub/repository.ts';
import type { HubModel } from './hub/repository.ts';
import type { ModelOptions } from './progress.ts';
import type { Recipe } from './recipes.ts';
import { parseTarget } from './target.ts';

export interface ModelSource {
  readonly kind: 'packaged' | 'hub' | 'folder';
  /** Where the weights came from, for a person. */
  readonly description: string;
  readonly weightsFile: string;
  /** Hexadecimal, of the weights file. */
  readonly sha256: string;
  readonly license?: string;
}

export interface ResolvedModel {
  /** The catalogue's name, the repository's id, or the folder's path. */
  readonly name: string;
  /** With `config.json` and the weights. */
  readonly folder: string;
  readonly source: ModelSource;
  readonly tensorBytes: number;
  /** By MLX's names; they add up to `tensorBytes`. */
  readonly bytesByDtype: Readonly<Record<string, number>>;
}

/**
 * Finds a model, and builds or downloads it where it is not on this machine yet.
 *
 * Throws a TidemarkError: 'unknown-model', 'bad-checkpoint', 'not-writable', 'network', 'interrupted', 'build-failed' or
 * 'native-addon'.
 */
export async function resolveModel(spec: string, options: ModelOptions): Promise<ResolvedModel> {
  const target = parseTarget(spec);
  switch (target.kind) {
    case 'packaged':
      return await resolvePackaged(target.recipe, options);
    case 'path':
      return await resolveFolder(target.path, options);
    case 'hub':
      return await resolveHub(target, options);
  }
}

async function resolvePackaged(recipe: Recipe, options: ModelOptions): Promise<ResolvedModel> {
  const manifest = await ensureCheckpoint(recipe, options);
  const { weightsFile, license, tensorBytes, bytesByDtype, sources } = manifest;
  const [weights] = sources;
  return {
    name: recipe.name,
    folder: modelFolder(options.dataFolder, recipe.name),
    source: {
      kind: 'packaged',
      description:
        `made here from ${weights?.package ?? 'the packaged weights'} ${weights?.version ?? ''}`.trim(),
      weightsFile,
      sha256: manifest.files[weightsFile]?.sha256 ?? '',
      license,
    },
    tensorBytes,
    bytesByDtype,
  };
}

async function resolveFolder(path: string, { signal }: ModelOptions): Promise<ResolvedModel> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) {
    throw new TidemarkError('unknown-model', `${path} is not a folder.`, {
      hint: 'Give the folder that holds config.json and the weights, or a name that `tidemark models` lists.',
    });
  }
  const { weightsFile, sha256, tensorBytes, bytesByDtype } = await describeFolder(path, signal);
  return {
    name: path,
    folder: path,
    source: { kind: 'folder', description: path, weightsFile, sha256 },
    tensorBytes,
    bytesByDtype,
  };
}

async function resolveHub(model: HubModel, options: ModelOptions): Promise<ResolvedModel> {
  const folder = await ensureSnapshot(model, options);
  const { weightsFile, sha256, tensorBytes, bytesByDtype } = await describeFolder(folder, options.signal);
  return {
    name: model.repository,
    folder,
    source: {
      kind: 'hub',
      description: `${model.repository} at commit ${basename(folder).slice(0, 7)}`,
      weightsFile,
      sha256,
    },
    tensorBytes,
    bytesByDtype,
  };
}
