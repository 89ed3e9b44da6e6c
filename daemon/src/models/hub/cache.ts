/**
 * The cache that Hugging Face's libraries share: blobs named by their digest, and snapshots of commits that link to them.
 * Its layout is described in huggingface_hub's guide "Understand caching".
 */

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readFile, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { checkpointFiles, indexName, weightFileNames } from '../../kokoro/checkpoint-files.ts';
import { joinBelow } from '../../files/below.ts';
import { makeFolder, replaceFile } from '../../files/durable.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import { fileSource, readSafetensorsHeader } from '../safetensors/header.ts';
import { hubCacheFolder } from './environment.ts';

const commitPattern = /^[0-9a-f]{40}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;

/** What a hub says of a file's bytes: SHA-256 of a large file, Git's blob id of a small one; hexadecimal. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly value: string;
}

/** Git's blob id is the SHA-1 of a short header and the bytes. */
export const newHash = (algorithm: Digest['algorithm'], size: number): Hash =>
  algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);

/** A commit's files as far as they are in the cache. */
export interface CachedSnapshot {
  readonly folder: string;
  /** What keeps it from being loaded, each a clause: `model.safetensors is missing`. Empty if nothing does. */
  readonly gaps: readonly string[];
}

/** What is wrong with a file of a snapshot, as a clause; undefined for a sound one. Only small files are read whole. */
export async function faultOf(path: string): Promise<string | undefined> {
  const name = printable(basename(path));
  // Follows the link: an interrupted download leaves links to blobs that are not there.
  const blob = await realpath(path).catch(() => undefined);
  if (blob === undefined) {
    return `${name} is missing`;
  }
  if (path.endsWith('.safetensors')) {
    try {
      await readSafetensorsHeader(await fileSource(path));
    } catch (error) {
      if (error instanceof TidemarkError) {
        return `${name} is damaged`;
      }
      throw error;
    }
    return undefined;
  }
  return (await isGitBlob(blob)) ? undefined : `${name} is damaged`;
}

/** Whether a small file's bytes are those that its name promises; true of a file with another kind of name. */
async function isGitBlob(path: string): Promise<boolean> {
  if (!commitPattern.test(basename(path))) {
    return true;
  }
  const bytes = await readFile(path);
  return newHash('git-sha1', bytes.byteLength).update(bytes).digest('hex') === basename(path);
}

/** The SHA-256 that a large file of a snapshot should have by the name of its blob; undefined where the name says nothing. */
export async function promisedSha256(path: string): Promise<{ blob: string; sha256: string } | undefined> {
  const blob = await realpath(path);
  return sha256Pattern.test(basename(blob)) ? { blob, sha256: basename(blob) } : undefined;
}

/** One model's part of the cache. */
export class CachedRepository {
  readonly folder: string;
  /** This user's own, beside the other libraries' locks, which Node cannot take: who may read a lock can hold it. */
  readonly lockPath: string;
  /** Of new folders. Some people share a cache: its own folder says with whom, but not all users ever get to write. */
  readonly folderMode: number;

  constructor(repository: string) {
    const cacheFolder = hubCacheFolder();
    const name = `models--${repository.replace('/', '--')}`;
    this.folder = joinBelow(cacheFolder, name);
    this.lockPath = join(cacheFolder, '.locks', name, `tidemark-${process.geteuid?.() ?? 0}.lock`);
    this.folderMode = 0o700 | ((statSync(cacheFolder, { throwIfNoEntry: false })?.mode ?? 0) & 0o775);
  }

  /** Of new files. */
  get fileMode(): number {
    return this.folderMode & 0o666;
  }

  snapshotFolder(commit: string): string {
    return joinBelow(join(this.folder, 'snapshots'), commit);
  }

  blobPath(digest: string): string {
    return joinBelow(join(this.folder, 'blobs'), digest);
  }

  /** The commit that a revision stood for when it was last downloaded. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (commitPattern.test(revision)) {
      return revision;
    }
    const text = await readFile(this.#refPath(revision), 'utf8').catch(() => '');
    return commitPattern.test(text.trim()) ? text.trim() : undefined;
  }

  #refPath(revision: string): string {
    return joinBelow(join(this.folder, 'refs'), revision);
  }

  /** Notes which commit a branch or tag stands for. */
  async recordCommit(revision: string, commit: string): Promise<void> {
    if (revision !== commit) {
      const path = this.#refPath(revision);
      makeFolder(dirname(path), this.folderMode);
      await replaceFile(path, commit, this.fileMode);
    }
  }

  /** The snapshot of a revision; undefined where the cache has nothing of it. */
  async snapshotOf(revision: string): Promise<CachedSnapshot | undefined> {
    const commit = await this.commitOf(revision);
    if (commit === undefined || !existsSync(this.snapshotFolder(commit))) {
      return undefined;
    }
    const folder = this.snapshotFolder(commit);
    return { folder, gaps: await gapsOf(folder) };
  }

  /** Whether a whole file of this digest and size is in the cache; of a large one only its size is compared. */
  async hasBlob({ digest, size }: { readonly digest: Digest; readonly size: number }): Promise<boolean> {
    const path = this.blobPath(digest.value);
    const present = await stat(path).catch(() => undefined);
    return present?.size === size && (digest.algorithm === 'sha256' || (await isGitBlob(path)));
  }

  /** Makes a file of a snapshot a link to its blob, as the other libraries do. */
  async linkToBlob(commit: string, path: string, digest: string): Promise<void> {
    const link = joinBelow(this.snapshotFolder(commit), path);
    makeFolder(dirname(link), this.folderMode);
    const target = relative(dirname(link), this.blobPath(digest));
    const fresh = `${link}.${process.pid}.partial`;
    await rm(fresh, { force: true });
    try {
      await symlink(target, fresh);
      await rename(fresh, link);
    } catch (error) {
      await rm(fresh, { force: true });
      if (errnoOf(error) !== 'EEXIST') {
        throw error;
      }
    }
  }
}

/** A config, and all weights that belong together, are what a snapshot needs. */
async function gapsOf(folder: string): Promise<string[]> {
  const faults = await Promise.all(
    ['config.json', ...namesOrNone(folder)].map(async (name) => await faultOf(join(folder, name))),
  );
  const gaps = faults.filter((fault) => fault !== undefined);
  if (gaps.length > 0) {
    return gaps;
  }
  try {
    checkpointFiles(folder);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message.replace(/\.$/, '') : String(error)];
  }
}

function namesOrNone(folder: string): readonly string[] {
  try {
    const { names, isIndexed } = weightFileNames(folder);
    return isIndexed ? [indexName, ...names] : names;
  } catch {
    return [];
  }
}
