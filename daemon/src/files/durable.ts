/** Files and folders that are either whole or not there, whatever happens to the process or the power. */

import { randomUUID } from 'node:crypto';
import { constants, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './storage-errors.ts';

/**
 * Makes a folder and those above it. Node's recursive mkdir reports a read-only file system as a missing file, and
 * never returns below /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path));
      await mkdir(path);
      return;
    }
    // Some systems report a read-only disk before they notice that the folder is there.
    const isThere = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isThere) {
      throw error;
    }
  }
}

/** Writes a file and waits until it is on the disk. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  await using file = await open(path, 'w');
  await file.writeFile(content);
  await file.sync();
}

/** Copies a file, sharing its blocks where the file system can, and waits until it is on the disk. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await using file = await open(to, 'r');
  await file.sync();
}

/** Waits until a folder's entries are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** Puts a file in the place of what is there, or leaves that as it is. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  // A name of its own, for two processes may replace the same file.
  const partial = `${path}.${randomUUID()}.partial`;
  try {
    await writeDurably(partial, content);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
