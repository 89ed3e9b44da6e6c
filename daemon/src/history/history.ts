/** The history: every run with its samples, the schedules, the alerts and the settings, in one file that survives. */

import { join } from 'node:path';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import { AlertTable } from './alerts.ts';
import type { Database } from './database.ts';
import { exportLines } from './export.ts';
import { HistoryImport } from './import.ts';
import { openDatabase } from './opening.ts';
import type { Access } from './opening.ts';
import type { SetAside } from './replacing.ts';
import { applyRetention } from './retention.ts';
import { RunTable } from './runs.ts';
import { ScheduleTable } from './schedules.ts';
import { SettingsTable } from './settings.ts';
import type { UnreadableRows } from './unreadable.ts';

export { isThere } from './read-only.ts';

export const historyFile = (folder: string): string => join(folder, 'history.sqlite');

export interface OpenHistoryOptions {
  readonly now?: (() => Date) | undefined;
  /** Default: `own`, which only the daemon may. */
  readonly access?: Access | undefined;
  /** Called when the file proves damaged, on opening or in use; by then a new file is in its place. */
  readonly onSetAside?: ((setAside: SetAside) => void) | undefined;
  /** The daemon that it is to be of; throws 'daemon-running' where it is another one's, now or at a later write. */
  readonly owner?: DaemonNote | undefined;
}

export interface OpenedHistory {
  readonly history: History;
  /** A damaged file that was found on opening and replaced by a new one. */
  readonly setAside?: SetAside | undefined;
}

/**
 * Opens FOLDER/history.sqlite, or creates it. Throws a TidemarkError: 'not-writable' for a folder or file that cannot be
 * written, 'history' for one of a newer Tidemark or of another program, or that cannot be read.
 */
export function openHistory(
  folder: string,
  { now = () => new Date(), access = 'own', onSetAside, owner }: OpenHistoryOptions = {},
): OpenedHistory {
  let setAside: SetAside | undefined;
  const tell = (found: SetAside): void => {
    setAside ??= found;
    onSetAside?.(found);
  };
  const database = openDatabase(historyFile(folder), { access, now, onSetAside: tell, owner });
  if (owner !== undefined) {
    try {
      // Now, and not with the first run.
      database.write(() => undefined);
    } catch (error) {
      database.close();
      throw error;
    }
  }
  return { history: new History(database, now), setAside };
}

/**
 * What a call that changes something has returned is on the disk. Every call may throw a TidemarkError: 'not-writable' for
 * a disk that is full or read-only, after which it may be tried again; 'history' for what else SQLite refuses.
 */
export class History implements Disposable {
  readonly runs: RunTable;
  readonly schedules: ScheduleTable;
  readonly alerts: AlertTable;
  readonly settings: SettingsTable;
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
    this.runs = new RunTable(database, now);
    this.schedules = new ScheduleTable(database, now);
    this.alerts = new AlertTable(database);
    this.settings = new SettingsTable(database);
  }

  get path(): string {
    return this.#database.path;
  }

  /** For a process that has others to answer: see {@link Database.neverWait}. */
  neverWait(): void {
    this.#database.neverWait();
  }

  /** Throws 'history' where its file was removed or replaced since the last write; what is there is used from now on. */
  refuseMoved(): void {
    this.#database.refuseMoved();
  }

  /** What was found that cannot be read; its `onChange` is called when that changes. */
  get unreadable(): UnreadableRows {
    return this.#database.unreadable;
  }

  /** By the settings; returns how many runs were removed. */
  applyRetention(now = this.#now()): number {
    return applyRetention(this.#database, this.settings.get(), now);
  }

  /** Everything but the settings as JSON lines, without line ends; the first is a header. The history may be written to between lines. */
  exportLines(): Iterable<string> {
    return exportLines(this.#database, this.#now);
  }

  /** Takes an export line by line. */
  beginImport(): HistoryImport {
    return new HistoryImport(this.#database, this.runs, this.#now());
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
