/** Which files of a folder hold the network's weights. */

import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printableList } from '@tidemark/shared/printable.ts';
import { isBelow } from '../files/below.ts';
import { isLfsPointerFile, lfsPointerError } from '../files/git-lfs.ts';
import { clashError, gatherWeights, isTensorFileName } from './weight-files.ts';

export const indexName = 'model.safetensors.index.json';

/** Position numbers are a buffer of PyTorch's module; no loader of Kokoro for MLX keeps them. */
export const isDropped = (tensorName: string): boolean => tensorName.includes('position_ids');

/** The module's path and the parameter's name, of a tensor's key. */
export function splitKey(key: string): [path: string, parameter: string] {
  const dot = key.lastIndexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/**
 * The safetensors files of a checkpoint folder's top level that are loaded: those that its index lists, else the only one
 * there is, else several that share no tensor, which are shards. Voices beside the model and names that begin with a dot
 * are none.
 *
 * Throws a TidemarkError ('bad-checkpoint') where there is none, and where several share tensors without an index. mlx-audio
 * 0.6.2's converter leaves such a folder, the source's file beside the quantized one, and its loader merges both in
 * whatever order the file system lists them; which of the two was measured would be a matter of luck.
 */
export function checkpointFiles(folder: string): string[] {
  const { names, isIndexed } = weightFileNames(folder);
  if (isIndexed || names.length === 1) {
    return names.map((name) => join(folder, name));
  }
  const gathered = gatherWeights(names.map((name) => ({ name, tensors: namedShapesIn(join(folder, name)) })));
  const clash = clashError(
    folder,
    gathered,
    'Move the files that do not belong to the model out of the folder, such as the original of a quantized model.',
  );
  if (clash !== undefined) {
    throw clash;
  }
  if (gathered.weights.length === 0) {
    throw onlyVoices(folder);
  }
  return gathered.weights.map(({ name }) => join(folder, name));
}

export const onlyVoices = (folder: string): TidemarkError =>
  new TidemarkError('bad-checkpoint', `${folder} has only voice files and no weights.`, { hint: folderHint });

const folderHint = 'Give the folder that contains config.json and the weights.';

interface WeightFileNames {
  /** In the order of the names; at least one. */
  readonly names: readonly string[];
  /** Safetensors files that the index does not list; none where there is no index. */
  readonly unlisted: readonly string[];
  readonly isIndexed: boolean;
}

/**
 * The names of the files that the folder's index lists, else of all its safetensors files, of which some may not be the
 * model's weights. Throws a TidemarkError ('bad-checkpoint') where there is none.
 */
export function weightFileNames(folder: string): WeightFileNames {
  const present = filesIn(folder);
  const names = present.filter(isTensorFileName).sort();
  if (present.includes(indexName)) {
    const listed = indexedFiles(folder);
    return { names: listed, unlisted: names.filter((name) => !listed.includes(name)), isIndexed: true };
  }
  if (names.length === 0) {
    throw new TidemarkError('bad-checkpoint', `${folder} has no .safetensors file.`, { hint: folderHint });
  }
  return { names, unlisted: [], isIndexed: false };
}

const headerSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.record(v.string(), v.looseObject({ shape: v.optional(v.array(v.number())) })),
);

/** No header is longer, by the format. */
const longestHeader = 100_000_000;

/** The names and shapes in a file's header, which whoever loads the file checks. Throws 'bad-checkpoint' where it has none. */
function namedShapesIn(path: string): { name: string; shape: readonly number[] }[] {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const length = Buffer.alloc(8);
    readSync(file, length);
    if (length.readBigUInt64LE() > longestHeader) {
      throw new Error('the header is too long');
    }
    const header = Buffer.alloc(Number(length.readBigUInt64LE()));
    readSync(file, header);
    return Object.entries(v.parse(headerSchema, header.toString('utf8')))
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { shape = [] }]) => ({ name, shape }));
  } catch (cause) {
    throw unreadableTensors(path, cause);
  } finally {
    if (file !== undefined) {
      closeSync(file);
    }
  }
}

/** The error for a safetensors file that cannot be read as one. */
export function unreadableTensors(path: string, cause: unknown): TidemarkError {
  return isLfsPointerFile(path)
    ? lfsPointerError('bad-checkpoint', path)
    : new TidemarkError('bad-checkpoint', `${path} is not a complete safetensors file.`, {
        hint: 'Download it again, or rebuild it.',
        cause,
      });
}

/** What `config.json` of a checkpoint folder holds. Throws a TidemarkError ('bad-config') where it is not there or not JSON. */
export function readConfig(folder: string): unknown {
  const path = join(folder, 'config.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (isLfsPointerFile(path)) {
      throw lfsPointerError('bad-config', path, 'JSON');
    }
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
      hint: folderHint,
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
    throw isLfsPointerFile(path)
      ? lfsPointerError('bad-checkpoint', path, 'JSON')
      : bad('is not JSON', cause);
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
    throw bad(`lists missing files: ${printableList(absent)}`);
  }
  return names.sort();
}
