/**
 * Which daemon has a history: a note in the database itself, since a lock beside it says nothing to one that comes to the same file
 * by another path, or after somebody removed the lock.
 */

import { DatabaseSync } from 'node:sqlite';
import { holderOf, parseNote } from '@tidemark/shared/client/daemon-note.ts';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';

const name = 'owner';

/**
 * Throws 'daemon-running' where another daemon that runs has the history. To be called before anything in the file is changed:
 * a file of any version may come.
 */
export function refuseOwned(connection: DatabaseSync, self: DaemonNote): void {
  const owner = ownerOf(connection);
  if (owner !== undefined && !isSame(owner, self) && holderOf(owner) !== undefined) {
    throw daemonRunning(owner);
  }
}

/** As {@link refuseOwned}, and notes that the history is now `self`'s. To be called in a transaction that began as `IMMEDIATE`. */
export function claim(connection: DatabaseSync, self: DaemonNote): void {
  const owner = ownerOf(connection);
  if (owner === undefined || !isSame(owner, self)) {
    refuseOwned(connection, self);
    connection
      .prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)')
      .run(name, JSON.stringify(self));
  }
}

/** The daemon that the history at `path` was noted for last; undefined where that cannot be read. */
export function ownerAt(path: string): DaemonNote | undefined {
  try {
    using connection = new DatabaseSync(path, { readOnly: true });
    return ownerOf(connection);
  } catch {
    return undefined;
  }
}

/** `who` it is, where that is known. */
export function daemonRunning(who: DaemonNote | undefined): TidemarkError {
  const named = who === undefined ? '' : ` (process ${who.pid}, since ${who.startedAt})`;
  return new TidemarkError('daemon-running', `Another daemon is already running${named}.`, {
    hint: 'Use it as it is; `tidemark status` shows what it is doing. To stop it, run `tidemark service stop`, or press Ctrl-C in its terminal.',
  });
}

/** Of a lock whose holder does not say who it is. */
export const historyInUse = (): TidemarkError =>
  new TidemarkError('busy', 'The history is in use by an import, or by a daemon that is starting.', {
    hint: 'Try again in a moment.',
  });

function ownerOf(connection: DatabaseSync): DaemonNote | undefined {
  const hasTable =
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'settings'").get() !== undefined;
  const value =
    hasTable && connection.prepare('SELECT value FROM settings WHERE name = ?').get(name)?.['value'];
  return typeof value === 'string' ? parseNote(value) : undefined;
}

const isSame = (one: DaemonNote, other: DaemonNote): boolean =>
  one.pid === other.pid && one.startedAt === other.startedAt && one.process === other.process;
