/** The manifest beside a built checkpoint: what it was made from, and whether its files are still what was written. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { hashFiles } from '../packaged.ts';
import { recipeVersion } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import { replaceFile } from '../../files/durable.ts';

export const manifestName = 'tidemark.json';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const fileRecord = v.object({
  bytes: count,
  sha256: v.string(),
  /** Times of the last change when the hash was last seen to hold; while they stay, so do the bytes. */
  stamp: v.string(),
});

const manifestSchema = v.object({
  name: v.string(),
  recipeVersion: count,
  tidemark: v.string(),
  mlx: v.string(),
  created: v.string(),
  license: v.string(),
  sources: v.array(
    v.object({
      package: v.string(),
      version: v.string(),
      license: v.string(),
      file: v.string(),
      /** Left out where it was many files: `files` has what was made of each. */
      sha256: v.optional(v.string()),
    }),
  ),
  weightsFile: v.string(),
  tensorBytes: count,
  bytesByDtype: v.record(v.string(), count),
  files: v.record(v.string(), fileRecord),
});

export type Manifest = v.InferOutput<typeof manifestSchema>;
type FileRecord = v.InferOutput<typeof fileRecord>;

type CheckpointState =
  | { readonly state: 'absent' }
  | { readonly state: 'valid'; readonly manifest: Manifest }
  /** `reason` completes "The checkpoint … ". */
  | { readonly state: 'unusable'; readonly reason: string };

/** The record of a file as it is now. `sha256` is computed where the writer does not know it. */
export async function recordFile(path: string, sha256?: string): Promise<FileRecord> {
  const { bytes, stamp } = await stampOf(path);
  return { bytes, sha256: sha256 ?? (await hashFiles([path])), stamp };
}

async function stampOf(path: string): Promise<{ bytes: number; stamp: string }> {
  const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { bytes: Number(size), stamp: `${mtimeNs} ${ctimeNs}` };
}

/**
 * Checks a built checkpoint folder against its manifest: sizes always, hashes where a file's times have changed since
 * they were last checked. Hashes that still hold are noted in the manifest, if it can be written.
 */
export async function checkCheckpoint(folder: string, recipe: Recipe): Promise<CheckpointState> {
  const path = join(folder, manifestName);
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      throw error;
    }
    const isThere = await stat(folder).then(
      () => true,
      () => false,
    );
    return isThere ? { state: 'unusable', reason: 'was not finished' } : { state: 'absent' };
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), manifestSchema), text);
  if (!parsed.success || parsed.output.name !== recipe.name) {
    return { state: 'unusable', reason: 'has a damaged manifest' };
  }
  const manifest = parsed.output;
  if (manifest.recipeVersion !== recipeVersion) {
    return { state: 'unusable', reason: 'was built by another version of Tidemark' };
  }
  const files: Record<string, FileRecord> = {};
  let isRestamped = false;
  for (const [name, record] of Object.entries(manifest.files)) {
    const checked = await checkFile(join(folder, name), record);
    if (checked === undefined) {
      return { state: 'unusable', reason: `has missing or changed bytes in ${name}` };
    }
    files[name] = checked;
    isRestamped ||= checked !== record;
  }
  if (isRestamped) {
    // Only spares the next check; a read-only folder is checked by hashes each time.
    await writeManifest(folder, { ...manifest, files }).catch(() => undefined);
  }
  return { state: 'valid', manifest };
}

/** The record to keep, or nothing when the file is not what was written. */
async function checkFile(path: string, record: FileRecord): Promise<FileRecord | undefined> {
  try {
    const { bytes, stamp } = await stampOf(path);
    if (bytes !== record.bytes) {
      return undefined;
    }
    if (stamp === record.stamp) {
      return record;
    }
    return (await hashFiles([path])) === record.sha256 ? { ...record, stamp } : undefined;
  } catch {
    return undefined;
  }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await replaceFile(join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
