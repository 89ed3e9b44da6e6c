/** Opens the history's file, and sets one that is damaged aside for a new one. */

import { renameSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { storageError } from '../files/storage-errors.ts';
import { connect } from './connect.ts';
import type { Access } from './connect.ts';
import { Database } from './database.ts';
import { historyError, isDamage } from './history-errors.ts';
import { noteMissingWords } from './run-search.ts';
import { salvage } from './salvage.ts';
import type { Salvaged } from './salvage.ts';

export interface SetAside {
  /** Where the damaged file is now. */
  readonly path: string;
  /** What is wrong with it, as a clause. */
  readonly reason: string;
  /** How much of it could be read, and is in the new one. */
  readonly saved: Salvaged;
}

export interface OpenDatabaseOptions {
  readonly access: Access;
  readonly now: () => Date;
  readonly onSetAside: (setAside: SetAside) => void;
}

export function openDatabase(path: string, { access, now, onSetAside }: OpenDatabaseOptions): Database {
  const replace = (damage: unknown): DatabaseSync => {
    const aside = setFileAside(path, now());
    const connection = connect(path, access);
    const saved = salvage(aside, new Database(path, connection));
    noteMissingWords(connection);
    onSetAside({ path: aside, reason: reasonOf(damage), saved });
    return connection;
  };
  const open = (): DatabaseSync => {
    const wasClosed = isCleanlyClosed(path);
    const connection = connect(path, access);
    try {
      // Only the process that may replace a damaged file needs to look for damage.
      if (access === 'own' && !(wasClosed && sizeOf(path) > mostBytesToCheck)) {
        check(connection);
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  try {
    try {
      return new Database(path, open(), access === 'own' ? replace : undefined);
    } catch (error) {
      if (access !== 'own' || !isDamage(error)) {
        throw error;
      }
      return new Database(path, replace(error), replace);
    }
  } catch (error) {
    throw historyError(error, path);
  }
}

/**
 * A larger file is checked only where its last process did not close it. The check reads every page: a history of 10,000
 * runs is 55 MB and takes 0.3 s.
 */
const mostBytesToCheck = 256_000_000;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The last process to close a database writes its log into it and removes that. */
const isCleanlyClosed = (path: string): boolean => sizeOf(`${path}-wal`) === 0;

/** An error like SQLite's own, for what a check found. */
class DamageError extends Error {
  readonly errcode = 11;
}

/** Reads every page and sees whether it is well-formed. Throws for one that is not. */
function check(connection: DatabaseSync): void {
  const [row] = connection.prepare('PRAGMA quick_check(1)').all();
  const result = row?.['quick_check'];
  if (result !== 'ok') {
    throw new DamageError(typeof result === 'string' ? result : 'the integrity check returned no result');
  }
}

function reasonOf(damage: unknown): string {
  const message = damage instanceof Error ? damage.message : String(damage);
  return message.replace(/\s+/g, ' ').replace(/\.$/, '');
}

/** Moves the log and its index too: without them the file may lack what was written last. */
function setFileAside(path: string, at: Date): string {
  const stamp = at.toISOString().replace(/[:.]/g, '-');
  const aside = freeName(`${path}.damaged-${stamp}`);
  try {
    renameSync(path, aside);
    for (const suffix of ['-wal', '-shm']) {
      if (statSync(`${path}${suffix}`, { throwIfNoEntry: false }) !== undefined) {
        renameSync(`${path}${suffix}`, `${aside}${suffix}`);
      }
    }
  } catch (error) {
    throw storageError(error, path);
  }
  return aside;
}

function freeName(path: string): string {
  for (let attempt = 1; ; attempt += 1) {
    const candidate = attempt === 1 ? path : `${path}-${attempt}`;
    if (statSync(candidate, { throwIfNoEntry: false }) === undefined) {
      return candidate;
    }
  }
}
