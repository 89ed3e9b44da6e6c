/** Which files of a folder hold the network's weights. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isBelow } from '../files/below.ts';

export const indexName = 'model.safetensors.index.json';

/** Position numbers are a buffer of PyTorch's module; no loader of Kokoro for MLX keeps them. */
export const isDropped = (tensorName: string): boolean => tensorName.includes('position_ids');

/** The module's path and the parameter's name, of a tensor's key. */
export function splitKey(key: string): [path: string, parameter: string] {
  const dot = key.lastIndexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/**
 * The safetensors files at a checkpoint folder's top level: those that its index lists, else the only one there is.
 *
 * Throws a TidemarkError ('bad-checkpoint') where there is none, and where there are several without an index. mlx-audio
 * 0.6.2's converter leaves such a folder, the source's file beside the quantized one, and its loader merges both in
 * whatever order the file system lists them; which of the two was measured would be a matter of luck.
 */
export function checkpointFiles(folder: string): string[] {
  const names = filesIn(folder);
  if (names.includes(indexName)) {
    return indexedFiles(folder).map((name) => join(folder, name));
  }
  const weights = names.filter((name) => name.endsWith('.safetensors')).sort();
  const [only, another] = weights;
  if (only === undefined) {
    throw new TidemarkError('bad-checkpoint', `${folder} has no .safetensors file.`, {
      hint: 'Give the folder that contains config.json and the weights.',
    });
  }
  if (another !== undefined) {
    throw new TidemarkError(
      'bad-checkpoint',
      `${folder} has ${weights.length} weight files and no index that lists which belong together: ${weights.join(', ')}.`,
      { hint: 'Keep only one of them in the folder: the quantized one, if it was made from the other.' },
    );
  }
  return [join(folder, only)];
}

/** What `config.json` of a checkpoint folder holds. Throws a TidemarkError ('bad-config') where it is not there or not JSON. */
export function readConfig(folder: string): unknown {
  const path = join(folder, 'config.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const what = existsSync(path) ? 'is not JSON' : 'does not exist';
    throw new TidemarkError('bad-config', `${path} ${what}.`, {
      hint: 'Give a folder that has the config.json published with the weights.',
      cause,
    });
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);
  } catch (cause) {
    throw new TidemarkError('bad-checkpoint', `${folder} is not a readable folder.`, {
      hint: 'Give the folder that contains config.json and the weights.',
      cause,
    });
  }
}

/** The distinct files in the index's map from keys to files. */
function indexedFiles(folder: string): string[] {
  const path = join(folder, indexName);
  const bad = (problem: string, cause?: unknown): TidemarkError =>
    new TidemarkError('bad-checkpoint', `${path} ${problem}.`, {
      hint: 'Download the checkpoint again, or remove the index if there is only one weight file.',
      cause,
    });
  let index: unknown;
  try {
    index = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw bad('is not JSON', cause);
  }
  const map =
    typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined;
  if (typeof map !== 'object' || map === null) {
    throw bad('has no weight_map');
  }
  const names = [...new Set<unknown>(Object.values(map))];
  const isPlainName = (name: unknown): name is string =>
    typeof name === 'string' && basename(name) === name && isBelow(name);
  if (names.length === 0 || !names.every(isPlainName)) {
    throw bad('does not list file names in its weight_map');
  }
  const absent = names.filter((name) => !existsSync(join(folder, name)));
  if (absent.length > 0) {
    throw bad(`lists missing files: ${absent.join(', ')}`);
  }
  return names.sort();
}
