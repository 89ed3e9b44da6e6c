/**
 * The cache that Hugging Face's libraries share: blobs named by their digest, and snapshots of commits that link to them.
 * Its layout is described in huggingface_hub's guide "Understand caching".
 */

import { readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { checkpointFiles } from '../../kokoro/checkpoint-files.ts';
import { joinBelow } from '../../files/below.ts';
import { makeFolder, replaceFile } from '../../files/durable.ts';
import { errnoOf } from '../../files/storage-errors.ts';
import { hubCacheFolder } from './environment.ts';

const commitPattern = /^[0-9a-f]{40}$/;

/** One model's part of the cache. */
export class CachedRepository {
  readonly folder: string;
  /** Tidemark's own, beside the other libraries' locks, which Node cannot take. */
  readonly lockPath: string;

  constructor(repository: string) {
    const cacheFolder = hubCacheFolder();
    const name = `models--${repository.replace('/', '--')}`;
    this.folder = joinBelow(cacheFolder, name);
    this.lockPath = join(cacheFolder, '.locks', name, 'tidemark.lock');
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
      makeFolder(dirname(path));
      await replaceFile(path, commit);
    }
  }

  /** The snapshot of a revision if it is complete enough to load: a config and all weights that belong together. */
  async loadableSnapshot(revision: string): Promise<string | undefined> {
    const commit = await this.commitOf(revision);
    if (commit === undefined) {
      return undefined;
    }
    const folder = this.snapshotFolder(commit);
    try {
      for (const path of [join(folder, 'config.json'), ...checkpointFiles(folder)]) {
        // Follows the link: an interrupted download leaves links to blobs that are not there.
        await stat(path);
      }
      return folder;
    } catch {
      return undefined;
    }
  }

  /** Makes a file of a snapshot a link to its blob, as the other libraries do. */
  async linkToBlob(commit: string, path: string, digest: string): Promise<void> {
    const link = joinBelow(this.snapshotFolder(commit), path);
    makeFolder(dirname(link));
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
