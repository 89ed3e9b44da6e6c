/** Files and folders that are either complete or absent, whatever happens to the process or the power. */

import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants, copyFile, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './storage-errors.ts';

/** Pieces are written as they come, so that what does not fit into memory can be written too. */
export type FileContent = Uint8Array | string | Iterable<string>;

/**
 * Makes a folder and those above it with exactly that mode, whatever the umask is. Node's recursive mkdir reports a read-only file
 * system as a missing file, and never returns below /proc.
 */
export function makeFolder(path: string, mode = 0o700): void {
  try {
    make(path, mode);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path), mode);
      make(path, mode);
      // Some systems report a read-only disk before they notice that the folder is there.
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw error;
    }
  }
}

function make(path: string, mode: number): void {
  mkdirSync(path, { mode });
  chmodSync(path, mode);
}

/** Writes a file with that mode, whatever the umask is, and waits until it is on the disk. */
export async function writeDurably(path: string, content: FileContent, mode = 0o600): Promise<void> {
  await using file = await open(path, 'w', mode);
  await file.chmod(mode);
  await file.writeFile(content);
  await file.sync();
}

/** Copies a file, sharing its blocks where the file system can, and waits until it is on the disk. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await using file = await open(to, 'r');
  // Not the mode of the other one.
  await file.chmod(0o600);
  await file.sync();
}

/** Waits until a folder's entries are on the disk, where the folder may be read and its file system can do that. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, 'r');
    await folder.sync();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) {
      throw error;
    }
  }
}

/** As {@link replaceFile}, for callers that cannot wait. Throws Node's errors. */
export function replaceFileNow(path: string, content: string): void {
  const temporary = temporaryBeside(path);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    fchmodSync(file, 0o600);
    writeFileSync(file, content);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolderNow(path);
}

/** Waits until the entry of a file in its folder is on the disk. */
export function syncFolderNow(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A unique name for a file that will replace another one: two processes may replace the same file. */
export const temporaryBeside = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);

/** Removes what processes that were killed while they replaced a file have left. To be called while nobody replaces it. */
export function removeTemporariesBeside(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`.${basename(path)}.`) && name.endsWith('.part')) {
      rmSync(join(folder, name), { force: true });
    }
  }
}

/** Replaces a file, or leaves the old one as it is. */
export async function replaceFile(path: string, content: FileContent, mode = 0o600): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeDurably(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
