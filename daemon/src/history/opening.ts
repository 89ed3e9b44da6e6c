/** Opens the history's file, and sets one that is damaged aside for a new one. */

import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { connect } from './connect.ts';
import { Database } from './database.ts';
import { historyError, isDamage } from './history-errors.ts';
import { Marks } from './marks.ts';
import { claim, refuseOwned } from './owner.ts';
import { checkWith, proveDamage } from './proof.ts';
import { connectToRead } from './read-only.ts';
import { finishReplacing, isBeingReplaced, replaceDamaged } from './replacing.ts';
import type { SetAside } from './replacing.ts';

/**
 * `own`: the daemon, which may replace a damaged file. `shared`: another process beside it, which may not. `read`: one that
 * changes nothing, nor needs to be allowed to.
 */
export type Access = 'own' | 'shared' | 'read';

export interface OpenDatabaseOptions {
  readonly access: Access;
  readonly now: () => Date;
  /** Told before the call that found it returns, and again at the next opening where the process ended in between. */
  readonly onSetAside: (setAside: SetAside) => void;
  /** The daemon that the history is to be of: with `own` access, no other one has it at the same time. */
  readonly owner?: DaemonNote | undefined;
}

export function openDatabase(
  path: string,
  { access, now, onSetAside, owner }: OpenDatabaseOptions,
): Database {
  const marks = new Marks(path);
  const refuse = (connection: DatabaseSync): void => {
    if (owner !== undefined) {
      refuseOwned(connection, owner);
    }
  };
  const hold = owner === undefined ? {} : { claim: (connection: DatabaseSync) => claim(connection, owner) };
  const connectNumbered = (): DatabaseSync => {
    const connection = connect(path, path, refuse);
    try {
      marks.keepNumbers(connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  /** A connection after SQLite found damage: to the same file where that is not proved, else to a new one. */
  const recover = (): DatabaseSync => {
    const damage = proveDamage(path);
    if (damage !== undefined) {
      replaceDamaged(path, reasonOf(damage), { at: now(), onSetAside });
    }
    return connectNumbered();
  };
  const open = (): DatabaseSync => {
    if (access === 'own') {
      finishReplacing(path, onSetAside);
    } else if (isBeingReplaced(path) && !existsSync(path)) {
      throw new TidemarkError('history', `The history ${path} is being recovered.`, {
        hint: 'Start the daemon, which finishes that.',
      });
    }
    const wasClosed = isCleanlyClosed(path);
    const connection = access === 'read' ? connectToRead(path) : connectNumbered();
    try {
      // Only the process that may replace a damaged file needs to look for damage.
      if (access === 'own' && !(wasClosed && sizeOf(path) > mostBytesToCheck)) {
        checkWith(connection, 'quick_check');
      }
      if (access === 'own') {
        marks.tidy(connection);
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  try {
    try {
      return new Database(
        path,
        open(),
        access === 'own' ? { recover, reopen: open, marks, ...hold } : { reopen: open, marks },
      );
    } catch (error) {
      if (access !== 'own' || !isDamage(error)) {
        throw error;
      }
      return new Database(path, recover(), { recover, reopen: open, marks, ...hold });
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

function reasonOf(damage: unknown): string {
  const message = damage instanceof Error ? damage.message : String(damage);
  return message.replace(/\s+/g, ' ').replace(/\.$/, '');
}
