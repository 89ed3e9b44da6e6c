/** What the file system refuses, and whether a disk has room, as errors that a person can act on. */

import { statfs } from 'node:fs/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';

/** The system's name of an error (`ENOSPC`), if it is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Where a person can move what is written: the environment variable, or the command's option, that says so. */
export type HomeVariable = 'TIDEMARK_HOME' | 'HF_HOME' | '--out';

/** Why the system refuses, as a clause; codes that a person can do nothing about are not here. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the system does not allow a file that large',
  EROFS: 'the disk is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'part of the path is not a folder',
  EEXIST: 'part of the path is not a folder',
  EISDIR: 'it is a folder',
  ENOTEMPTY: 'the folder is not empty',
  EPIPE: 'nobody reads it anymore',
  EIO: 'the disk reports an error',
  ENAMETOOLONG: 'the name is too long',
  ERR_FS_FILE_TOO_LARGE: 'it is too large',
  ERR_STRING_TOO_LONG: 'it is too large',
};

/** `the disk is full`, of an error of the system's; undefined of any other. */
export const reasonOf = (error: unknown): string | undefined => reasons[errnoOf(error) ?? ''];

/** What to do about an error in writing, where `move` says how to write elsewhere: `give a path`. */
export function writeRemedy(error: unknown, move: string): string {
  switch (errnoOf(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return `Free some space, or ${move} on another disk.`;
    case 'EFBIG':
      return 'Raise the limit that `ulimit -f` shows.';
    case 'ENAMETOOLONG':
      return 'Choose a shorter name.';
    default:
      return `${move.charAt(0).toUpperCase()}${move.slice(1)} that you can write to.`;
  }
}

const moveBy = (variable: HomeVariable): string => `set ${variable} to a folder`;

/** A 'not-writable' for what went wrong while writing at `path`; other errors come back as they are. */
export function storageError(
  error: unknown,
  path: string,
  variable: HomeVariable = 'TIDEMARK_HOME',
): unknown {
  const reason = error instanceof TidemarkError ? undefined : reasonOf(error);
  return reason === undefined
    ? error
    : new TidemarkError('not-writable', `${path} cannot be written: ${reason}.`, {
        hint: writeRemedy(error, moveBy(variable)),
        cause: error,
      });
}

/** A 'bad-document' for what went wrong while reading a file that a person named; TidemarkErrors come back as they are. */
export function readError(cause: unknown, path: string, hint: string): TidemarkError {
  if (cause instanceof TidemarkError) {
    return cause;
  }
  const isAbsent = ['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '');
  const reason = reasonOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  const message = isAbsent ? `There is no file ${path}.` : `${path} cannot be read: ${reason}.`;
  return new TidemarkError('bad-document', message, { hint, cause });
}

/** Bytes that are free on the disk of a folder; undefined on network file systems that do not say how large they are. */
export async function freeBytesAt(folder: string): Promise<number | undefined> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return blocks > 0 ? bavail * bsize : undefined;
}

interface SpaceRequest {
  /** What is to be written, as the beginning of a sentence. */
  readonly name: string;
  readonly neededBytes: number;
  /** A folder on the disk. */
  readonly folder: string;
  readonly variable: HomeVariable;
}

/** Asks before the work rather than after it. Throws 'not-writable' where too little is free. */
export async function checkFreeSpace({ name, neededBytes, folder, variable }: SpaceRequest): Promise<void> {
  const freeBytes = await freeBytesAt(folder);
  if (freeBytes !== undefined && freeBytes < neededBytes) {
    throw new TidemarkError(
      'not-writable',
      `${name} needs ${formatBytes(neededBytes)} of disk space, but only ${formatBytes(freeBytes)} is free at ${folder}.`,
      { hint: `Free some space, or ${moveBy(variable)} on another disk.` },
    );
  }
}
