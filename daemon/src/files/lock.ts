/** Mutual exclusion between processes, by a lock that the kernel drops together with its holder. */

import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { makeFolder } from './durable.ts';
import { takeFile } from './own.ts';
import { storageError } from './storage-errors.ts';

const pollMilliseconds = 200;
/** SQLITE_BUSY: somebody else holds the lock. */
const busy = 5;

interface LockOptions {
  /** Called once, when somebody else holds the lock. */
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `body` while no other process, nor another caller in this one, holds the lock at `path`; waits for that.
 *
 * The lock is SQLite's, on an empty database: Node has no file locks of its own, and a lock file with a process id in
 * it would outlive a killed holder. Throws 'not-writable' where the file cannot be made and 'interrupted' on abort.
 */
export async function withLock<Result>(
  path: string,
  body: () => Promise<Result>,
  { onWait, signal }: LockOptions = {},
): Promise<Result> {
  using database = openLockFile(path);
  let waits = false;
  while (!tryLock(database)) {
    if (!waits) {
      waits = true;
      onWait?.();
    }
    try {
      await wait(pollMilliseconds, undefined, { signal });
    } catch (cause) {
      throw new TidemarkError('interrupted', 'Interrupted while waiting for another process.', { cause });
    }
  }
  return await body();
}

/** Takes the lock at `path` until what it returns is disposed of; undefined where somebody else holds it. */
export function holdLock(path: string): Disposable | undefined {
  const database = openLockFile(path);
  if (tryLock(database)) {
    return database;
  }
  database.close();
  return undefined;
}

function openLockFile(path: string): DatabaseSync {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw storageError(error, dirname(path));
  }
  try {
    // Not SQLite's mode: who may read a lock can hold it.
    takeFile(path);
    return new DatabaseSync(path);
  } catch (cause) {
    throw lockFailure(cause, path);
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (codeOf(error) === busy) {
      return false;
    }
    throw lockFailure(error, database.location() ?? 'The lock file');
  }
}

/** SQLite's primary result codes of what the system refused (https://sqlite.org/rescode.html), as the system's own names. */
const systemNames: Readonly<Record<number, string>> = { 8: 'EROFS', 10: 'EIO', 13: 'ENOSPC' };

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

/** Names the full or failing disk, and not the lock, which happens to be the first file that is written. */
function lockFailure(cause: unknown, path: string): unknown {
  const name = systemNames[codeOf(cause) ?? 0];
  const told = storageError(
    name === undefined ? cause : Object.assign(new Error(name, { cause }), { code: name }),
    dirname(path),
  );
  return told instanceof TidemarkError
    ? told
    : new TidemarkError('not-writable', `The lock file ${path} cannot be locked.`, {
        hint: 'Set TIDEMARK_HOME to a folder on a local disk that you can write to.',
        cause,
      });
}
