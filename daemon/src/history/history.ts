/** The history: every run with its samples, the schedules, the alerts and the settings, in one file that survives. */

import { join } from 'node:path';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import { AlertTable } from './alerts.ts';
import type { Database } from './database.ts';
import { exportLines } from './export.ts';
import { HistoryImport } from './import.ts';
import { Marks } from './marks.ts';
import { openDatabase } from './opening.ts';
import type { Access } from './opening.ts';
import { isThere } from './read-only.ts';
import type { SetAside } from './replacing.ts';
import { RemovedRuns } from './removed-runs.ts';
import { applyRetention, tidy } from './retention.ts';
import type { Tidied } from './retention.ts';
import { textOf } from './rows.ts';
import { RunTable } from './runs.ts';
import { ScheduleTable } from './schedules.ts';
import { SettingsTable } from './settings.ts';
import { TrustedClock } from './trusted-clock.ts';
import type { UnreadableRows } from './unreadable.ts';

export { isThere };

export const historyFile = (folder: string): string => join(folder, 'history.sqlite');

/** Held by the daemon, or by what changes much without one. Beside the history, and not in `run`, which holds nothing that could not be made again. */
export const historyLock = (folder: string): string => `${historyFile(folder)}-lock`;

export interface OpenHistoryOptions {
  readonly now?: (() => Date) | undefined;
  /** Milliseconds that nobody sets. Default: those of this process. */
  readonly monotonic?: (() => number) | undefined;
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
  { now = () => new Date(), monotonic, access = 'own', onSetAside, owner }: OpenHistoryOptions = {},
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
  return { history: new History(database, now, monotonic), setAside };
}

/** The settings that are kept there, which are the defaults where there is no history yet. Changes nothing; throws 'history'. */
export function keptSettings(folder: string): DaemonSettings {
  if (!isThere(historyFile(folder))) {
    return defaultDaemonSettings;
  }
  using history = openHistory(folder, { access: 'read' }).history;
  return history.settings.get();
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
  readonly #marks: Marks;
  readonly #clock: TrustedClock;
  readonly #removedRuns: RemovedRuns;

  constructor(database: Database, now: () => Date, monotonic = () => performance.now()) {
    this.#database = database;
    this.#now = now;
    this.#marks = new Marks(database.path);
    this.#removedRuns = new RemovedRuns(database.path);
    this.#clock = new TrustedClock({ now, monotonic, marks: this.#marks, newest: () => this.#newest() });
    this.runs = new RunTable(database, now, () => this.#clock.now());
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

  /** Where the runs are that retention removed. */
  get removedFolder(): string {
    return this.#removedRuns.folder;
  }

  /** By the settings, at once and as of `now`; returns how many runs were moved aside. */
  applyRetention(now = this.#clock.now()): number {
    return applyRetention(this.#database, this.settings.get(), now, this.#removedRuns);
  }

  /** As {@link applyRetention}, where nothing is wrong with the clock and few are to go, or the person `asked` for it. */
  tidy({ asked = false }: { readonly asked?: boolean } = {}): Tidied {
    return this.#database.write(() =>
      tidy({
        database: this.#database,
        limits: this.settings.get(),
        clock: this.#clock,
        marks: this.#marks,
        removedRuns: this.#removedRuns,
        asked,
      }),
    );
  }

  /** At the end, so that the next start knows how the clock stood. */
  noteClock(): void {
    this.#database.write(() => this.#clock.look());
  }

  #newest(): Date | undefined {
    const row = this.#database.read(() =>
      this.#database.get('SELECT recorded_at FROM runs ORDER BY recorded_at DESC LIMIT 1'),
    );
    return row === undefined ? undefined : new Date(textOf(row, 'recorded_at'));
  }

  /** Everything but the settings as JSON lines, without line ends; the first is a header. The history may be written to between lines. */
  exportLines(): Iterable<string> {
    return exportLines(this.#database, this.#now);
  }

  /** Takes an export line by line; `client` is who has itself measured what documents there are. */
  beginImport(client?: string): HistoryImport {
    return new HistoryImport(this.#database, this.runs, this.#clock.now(), client);
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
