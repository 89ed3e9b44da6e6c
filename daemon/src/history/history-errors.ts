/** What SQLite refuses, as errors that a person can act on. */

import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { reasonOf } from '../files/storage-errors.ts';

/** SQLite's primary result codes that mean something here: https://sqlite.org/rescode.html */
const codes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** SQLite's primary result code of an error, if it is one of SQLite's. */
export function sqliteCodeOf(error: unknown): number | undefined {
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') {
    // The rest of an extended code says more of the same.
    return error.errcode & 0xff;
  }
  return undefined;
}

/** Another process is writing: the same works as soon as it has finished. */
export class LockedHistory extends TidemarkError {
  constructor(path: string, cause: unknown) {
    super('history', `The history ${path} is locked by another process.`, {
      hint: 'Wait until the other process has finished, and try again.',
      cause,
    });
  }
}

/** Whether the file itself is damaged, so that nothing but another file helps. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return code === codes.corrupt || code === codes.notADatabase;
}

/** Whether a row breaks a rule of its table. */
export const isConstraint = (error: unknown): boolean => sqliteCodeOf(error) === codes.constraint;

/** Whether SQLite missed the permission, or the room, to open the file or to make its log or the log's index. */
export function cannotBeWrittenBeside(error: unknown): boolean {
  const { readOnly, inputOutput, full, cannotOpen } = codes;
  const code = sqliteCodeOf(error);
  return code !== undefined && ([readOnly, inputOutput, full, cannotOpen] as number[]).includes(code);
}

/** SQLite does not say what the system refused: the file, or another beside it. */
function whyNotWritable(path: string): string | undefined {
  for (const place of [path, dirname(path)]) {
    try {
      accessSync(place, constants.W_OK);
    } catch (error) {
      return reasonOf(error);
    }
  }
  const { blocks, bavail } = statfsSync(dirname(path));
  return blocks > 0 && bavail === 0 ? 'the disk is full' : undefined;
}

/** Errors of SQLite as 'not-writable' or 'history'; others come back as they are. */
export function historyError(error: unknown, path: string): unknown {
  const code = sqliteCodeOf(error);
  if (code === undefined || !(error instanceof Error)) {
    return error;
  }
  const anotherFolder = 'Set TIDEMARK_HOME to a writable folder.';
  const refuse = (kind: 'not-writable' | 'history', message: string, hint: string): TidemarkError =>
    new TidemarkError(kind, message, { hint, cause: error });
  switch (code) {
    case codes.full:
      return refuse(
        'not-writable',
        `The history cannot grow: the disk that holds ${path} is full.`,
        'Free some disk space; everything recorded so far is kept.',
      );
    case codes.inputOutput:
      return refuse(
        'not-writable',
        `The history cannot be written: the disk that holds ${path} reports an error or is full.`,
        'Free some disk space and check the disk; everything recorded so far is kept.',
      );
    case codes.readOnly:
    case codes.cannotOpen:
      return refuse(
        'not-writable',
        `The history ${path} cannot be written: ${whyNotWritable(path) ?? 'it cannot be opened'}.`,
        anotherFolder,
      );
    case codes.busy:
    case codes.locked:
      return new LockedHistory(path, error);
    case codes.corrupt:
    case codes.notADatabase:
      return refuse(
        'history',
        `The history ${path} is damaged.`,
        'Start the daemon; it moves the damaged file aside, recovers what it can read, and starts a new file.',
      );
    default:
      return refuse(
        'history',
        `The history ${path} cannot be read or written: ${error.message.replace(/\.$/, '')}.`,
        'Report this problem and attach the log; run `tidemark logs` to find it.',
      );
  }
}
