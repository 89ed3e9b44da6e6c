/** Folders and files for this user alone: made so whatever the umask is, and refused where another user may have planted them. */

import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  lstatSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { faultMessage, faultOf, folderFault, homeFault } from '@tidemark/shared/client/ownership.ts';
import type { Fault } from '@tidemark/shared/client/ownership.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { makeFolder } from './durable.ts';
import { errnoOf, storageError } from './storage-errors.ts';

/** What the person set, before {@link keepPrivate}. */
let chosenUmask = 0o022;

/** From now on, whatever this process and its children make is for this user alone, unless it is given a mode. */
export function keepPrivate(): void {
  chosenUmask = process.umask(0o077);
}

/** The mode of a file that a person asks for by its name: what their umask allows, but for writing by others. */
export const outputMode = (): number => 0o600 | (0o644 & ~chosenUmask);

/** Gives a folder of files that a person asked for, and all in it, the modes of {@link outputMode}. Throws Node's errors. */
export function openAsOutput(folder: string): void {
  const folderMode = 0o700 | (0o755 & ~chosenUmask);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? folderMode : outputMode());
  }
  chmodSync(folder, folderMode);
}

export const refused = (fault: Fault): TidemarkError =>
  new TidemarkError('not-writable', faultMessage(fault), { hint: fault.hint });

/** Throws 'not-writable'. */
export function refuse(fault: Fault | undefined): void {
  if (fault !== undefined) {
    throw refused(fault);
  }
}

/**
 * Makes the data folder, or takes the one that is there, to which members of its group can no longer write. Throws 'not-writable',
 * also where it is another user's or all can write to it.
 */
export function takeHome(path: string): void {
  prepare(path, homeFault, (mode) => mode & 0o755);
}

/** Makes a folder with mode 0700, or gives one that is there that mode. Throws 'not-writable', also where it is not one's own. */
export function takeFolder(path: string): void {
  prepare(path, folderFault, () => 0o700);
}

function prepare(
  path: string,
  find: (path: string) => Fault | undefined,
  modeOf: (mode: number) => number,
): void {
  try {
    refuse(find(path));
    makeFolder(path, 0o700);
    const { mode } = statSync(path);
    if (modeOf(mode & 0o777) !== (mode & 0o777)) {
      chmodSync(path, modeOf(mode & 0o777));
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

/**
 * Makes an empty file with mode 0600, or gives one that is there that mode. One that is there is not opened: closing it would drop
 * the locks that this process has on it. Throws Node's errors, also where it cannot be written, and 'not-writable' where it is not one's own.
 */
export function takeFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    createFile(path);
    return;
  }
  refuse(faultOf(path, 'file', found));
  if ((found.mode & 0o777) !== 0o600) {
    chmodSync(path, 0o600);
  }
  accessSync(path, constants.W_OK);
}

function createFile(path: string): void {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') {
      // Another process was faster.
      takeFile(path);
      return;
    }
    throw error;
  }
  fchmodSync(descriptor, 0o600);
  closeSync(descriptor);
}
