/** The models that Tidemark makes itself, and which of them are on this machine. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { modelsSchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type { ModelsDocument } from '@tidemark/shared/protocol/command-documents.ts';
import { engines } from '@tidemark/shared/protocol/workload.ts';
import { modelFolder, removeCheckpoint } from './checkpoint/build.ts';
import { languageOfVoice } from '../kokoro/phonemes/voices.ts';
import { checkCheckpoint } from './checkpoint/manifest.ts';
import { downloadedModels } from './hub/downloaded.ts';
import { didYouMean } from './nearest.ts';
import type { ModelOptions } from './progress.ts';
import { recipes, tensorBytesOf } from './recipes.ts';
import type { Recipe } from './recipes.ts';
import { packagedVoices } from './voices.ts';
import { storageError } from '../files/storage-errors.ts';

type CatalogueEntry = ModelsDocument['models'][number];

/** All models of the catalogue, in its order. Throws 'not-writable' where the data folder cannot be read. */
export async function listCatalogue(dataFolder: string): Promise<CatalogueEntry[]> {
  return await Promise.all(recipes.map((recipe) => catalogueEntry(recipe, dataFolder)));
}

/** What can be chosen from on this machine: the catalogue, what was downloaded, packaged voices, engines. Throws as the first does. */
export async function listChoices(dataFolder: string): Promise<Omit<ModelsDocument, 'built' | 'removed'>> {
  const [models, downloaded] = await Promise.all([listCatalogue(dataFolder), downloadedModels()]);
  return {
    kind: 'models',
    schemaVersion: modelsSchemaVersion,
    dataFolder,
    models,
    downloaded,
    voices: packagedVoices().map((name) => {
      const language = languageOfVoice(name) ?? 'Other';
      return { name, language, acceptsText: language.endsWith('English') };
    }),
    engines: [...engines],
  };
}

async function catalogueEntry(recipe: Recipe, dataFolder: string): Promise<CatalogueEntry> {
  const { name, description, rest, quantization } = recipe;
  const folder = modelFolder(dataFolder, name);
  try {
    const { state } = await checkCheckpoint(folder, recipe);
    return {
      name,
      description,
      rest,
      bits: quantization?.bits,
      tensorBytes: tensorBytesOf(recipe),
      state: state === 'valid' ? 'built' : state === 'unusable' ? 'damaged' : 'absent',
      folder,
      diskBytes: state === 'absent' ? 0 : await bytesOfFiles(folder),
    };
  } catch (error) {
    throw storageError(error, folder);
  }
}

/** Bytes of the files at a folder's top level. */
async function bytesOfFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(({ name }) => stat(join(folder, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** The catalogue's recipe of that name. Throws 'unknown-model', with the nearest name. */
export function recipeNamed(name: string): Recipe {
  const recipe = recipes.find((candidate) => candidate.name === name);
  if (recipe === undefined) {
    const names = recipes.map((candidate) => candidate.name);
    const message = `There is no model named ${name} in the catalog.${didYouMean(name, names)}`;
    throw new TidemarkError('unknown-model', message, { hint: `The catalog has ${names.join(', ')}.` });
  }
  return recipe;
}

/**
 * Deletes a model of the catalogue; it is built again when it is next used. Returns the bytes that were freed, 0 where it
 * was not there. Throws 'unknown-model' and 'not-writable'.
 */
export async function removeModel(name: string, options: ModelOptions): Promise<number> {
  const { diskBytes } = await catalogueEntry(recipeNamed(name), options.dataFolder);
  return (await removeCheckpoint(name, options)) ? diskBytes : 0;
}
