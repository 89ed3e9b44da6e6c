/** Opens the file of the history: private, durable, up to date. */

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { faultOf, homeFault } from '@tidemark/shared/client/ownership.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { makeFolder } from '../files/durable.ts';
import { refuse, takeFile } from '../files/own.ts';
import { storageError } from '../files/storage-errors.ts';
import { migrate, refuseUnknown } from './migrations.ts';
import { addFolding, noteMissingWords } from './run-search.ts';

/** How long a statement waits for another process's lock. */
export const busyMilliseconds = 5000;

/** Which file it is, whatever its name: its device and inode; undefined where there is none. */
export function fileAt(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/**
 * Opens a file that is whole and makes one that is not there; `shownAs` is its name for a person. Errors of SQLite come out as
 * they are.
 */
export function connect(
  path: string,
  shownAs = path,
  examine: (connection: DatabaseSync) => void = () => undefined,
): DatabaseSync {
  makePrivateFile(path);
  const connection = new DatabaseSync(path, { timeout: busyMilliseconds });
  try {
    refuseUnknown(connection, shownAs);
    examine(connection);
    // Only a file without tables accepts this; see retention.ts for what returns pages to the disk.
    connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
    connection.exec('PRAGMA journal_mode = WAL');
    // A commit waits until it is on the disk. macOS's fsync alone does not: its drives may still hold it in their cache.
    connection.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
    connection.exec('PRAGMA foreign_keys = ON');
    // Truncates a log that a large import made long.
    connection.exec('PRAGMA journal_size_limit = 4194304');
    migrate(connection);
    addFolding(connection);
    noteMissingWords(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A pipe or a device in its place would keep whoever opens it waiting. */
export function refuseSpecialFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new TidemarkError('not-writable', `${path} is not a file, so it cannot be the history.`, {
      hint: 'Move it to another folder, or set TIDEMARK_HOME to another folder.',
    });
  }
}

/** SQLite gives its log and its index the mode of the database, and follows no link to them. */
function makePrivateFile(path: string): void {
  refuseSpecialFile(path);
  try {
    makeFolder(dirname(path));
    refuse(homeFault(dirname(path)));
    if (fileAt(path) !== undefined) {
      // One that its owner may not write is meant so, and not for `takeFile` to open.
      accessSync(path, constants.W_OK);
    }
    takeFile(path);
    for (const suffix of ['-wal', '-shm']) {
      refuse(faultOf(path + suffix, 'file'));
    }
  } catch (error) {
    throw storageError(error, path);
  }
}
