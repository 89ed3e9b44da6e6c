/**
 * Opens the history's file for reading alone, also where nothing may be written beside it: on a read-only disk, in a folder of
 * somebody else's, in a backup.
 */

import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errnoOf, reasonOf } from '../files/storage-errors.ts';
import { busyMilliseconds, connect, refuseSpecialFile } from './connect.ts';
import { cannotBeWrittenBeside } from './history-errors.ts';
import { refuseUnknown, schemaVersion, versionOf } from './migrations.ts';
import { addFolding } from './run-search.ts';

/**
 * A connection that changes nothing. Throws 'not-found' where there is no file, 'history' for one that may not be read or of
 * another program, and SQLite's errors as they are.
 */
export function connectToRead(path: string): DatabaseSync {
  if (!isThere(path)) {
    throw new TidemarkError('not-found', `There is no history at ${path} yet.`, {
      hint: 'Start the daemon with `tidemark daemon`, or install it as a service with `tidemark service install`.',
    });
  }
  refuseSpecialFile(path);
  const connection = openInPlace(path);
  if (connection === undefined) {
    return openCopy(path);
  }
  addFolding(connection);
  return connection;
}

/** Whether there is a history; one in a folder that may not be entered throws 'history'. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw notReadable(path, cause);
  }
}

/**
 * A database with a log is read by an index of it. One that is there is used; one that SQLite would make with the file's own
 * mode, which may be that of a file nobody may write, would be in the way of the next writer. Without a log nobody writes, and
 * SQLite can be told that the file does not change. Undefined where neither is possible, and for a file of an older version,
 * whose tables are not those that are asked.
 */
function openInPlace(path: string): DatabaseSync | undefined {
  const hasIndex = isThere(`${path}-shm`);
  if (!hasIndex && sizeOf(`${path}-wal`) > 0) {
    return undefined;
  }
  let connection: DatabaseSync | undefined;
  try {
    connection = hasIndex
      ? new DatabaseSync(path, { readOnly: true, timeout: busyMilliseconds })
      : openUnchanging(path);
    refuseUnknown(connection, path);
    if (versionOf(connection) === schemaVersion) {
      return connection;
    }
    connection.close();
    return undefined;
  } catch (error) {
    connection?.close();
    if (cannotBeWrittenBeside(error)) {
      return undefined;
    }
    throw error;
  }
}

function openUnchanging(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.search = '?immutable=1';
  return new DatabaseSync(url, { readOnly: true });
}

/** How often a file that is written to while it is copied is copied again. */
const mostCopies = 5;

/**
 * A connection to a copy with what its log holds, brought up to date. The copy loses its name at once, so that nothing of it is
 * left behind, whatever ends the process.
 */
function openCopy(path: string): DatabaseSync {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-history-'));
    const copy = join(folder, 'history.sqlite');
    copyUnchanged(path, copy);
    const connection = connect(copy, path);
    try {
      connection.exec('PRAGMA journal_mode = DELETE; PRAGMA query_only = ON');
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (cause) {
    throw ['ENOSPC', 'EDQUOT', 'EROFS'].includes(errnoOf(cause) ?? '') ? noRoom(path, cause) : cause;
  } finally {
    if (folder !== undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Copies the file and its log as they stood together at one moment. */
function copyUnchanged(path: string, copy: string): void {
  for (let copies = 0; copies < mostCopies; copies += 1) {
    const before = stateOf(path);
    for (const suffix of ['-wal', '']) {
      rmSync(copy + suffix, { force: true });
      try {
        copyFileSync(path + suffix, copy + suffix);
        chmodSync(copy + suffix, 0o600);
      } catch (cause) {
        if (suffix === '' || errnoOf(cause) !== 'ENOENT') {
          throw ['EACCES', 'EPERM', 'EIO'].includes(errnoOf(cause) ?? '') ? notReadable(path, cause) : cause;
        }
      }
    }
    if (stateOf(path) === before) {
      return;
    }
  }
  throw new TidemarkError('history', `The history ${path} is being written to by another process.`, {
    hint: 'Try again, or run the command as the user whose daemon writes it.',
  });
}

function stateOf(path: string): string {
  return ['', '-wal']
    .map((suffix) => {
      const stats = statSync(path + suffix, { throwIfNoEntry: false, bigint: true });
      return stats === undefined ? 'none' : [stats.ino, stats.size, stats.mtimeNs].join(' ');
    })
    .join();
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const notReadable = (path: string, cause: unknown): TidemarkError =>
  new TidemarkError('history', `The history ${path} cannot be read: ${reasonOf(cause) ?? String(cause)}.`, {
    hint: 'Run the command as the user whose history it is, or set TIDEMARK_HOME to another folder.',
    cause,
  });

const noRoom = (path: string, cause: unknown): TidemarkError =>
  new TidemarkError(
    'not-writable',
    `The history ${path} can only be read from a copy, and ${tmpdir()} has no room for it: ${reasonOf(cause) ?? ''}.`,
    { hint: 'Free some space there, or set TMPDIR to a folder on another disk.', cause },
  );
