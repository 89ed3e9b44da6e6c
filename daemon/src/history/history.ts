/** The history: every run with its samples, the schedules, the alerts and the settings, in one file that survives. */

import { join } from 'node:path';
import type { Alert } from '@tidemark/shared/protocol/daemon/alert.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import { AlertTable } from './alerts.ts';
import type { AlertChange, NewAlert } from './alerts.ts';
import { checksOf, lastCheck, recentPeaks } from './checks.ts';
import type { CheckRecord, CheckOptions } from './checks.ts';
import type { Access } from './connect.ts';
import type { Database } from './database.ts';
import { exportLines } from './export.ts';
import { HistoryImport } from './import.ts';
import type { ImportResult } from './import.ts';
import { openDatabase } from './opening.ts';
import type { SetAside } from './opening.ts';
import type { RunHead, SamplePhase } from './rebuild.ts';
import { applyRetention } from './retention.ts';
import { listRuns } from './run-list.ts';
import type { RunFilter } from './run-list.ts';
import { RunTable } from './runs.ts';
import type { NewRun, RunEnd } from './runs.ts';
import { thinnedSamplesOf } from './samples.ts';
import { ScheduleTable } from './schedules.ts';
import type { ScheduleSkip, StoredSchedule } from './schedules.ts';
import { SettingsTable } from './settings-table.ts';

export type {
  AlertChange,
  CheckRecord,
  NewAlert,
  NewRun,
  RunEnd,
  RunFilter,
  RunHead,
  SetAside,
  StoredSchedule,
};

export const historyFile = (folder: string): string => join(folder, 'history.sqlite');

export interface OpenHistoryOptions {
  readonly now?: (() => Date) | undefined;
  /** Default: `own`, which only the daemon may. */
  readonly access?: Access | undefined;
  /** Called when the file turns out to be damaged while it is in use; by then a new one is begun. */
  readonly onSetAside?: ((setAside: SetAside) => void) | undefined;
}

export interface OpenedHistory {
  readonly history: History;
  /** A damaged file that was found on opening, and for which a new one was begun. */
  readonly setAside?: SetAside;
}

/**
 * Opens FOLDER/history.sqlite, or begins it. Throws a TidemarkError: 'not-writable' for a folder or file that cannot be
 * written, 'history' for one of a newer Tidemark or of another program.
 */
export function openHistory(
  folder: string,
  { now = () => new Date(), access = 'own', onSetAside }: OpenHistoryOptions = {},
): OpenedHistory {
  const onOpening: SetAside[] = [];
  let opened = false;
  const database = openDatabase(historyFile(folder), {
    access,
    now,
    onSetAside: (setAside) => {
      if (opened) {
        onSetAside?.(setAside);
      } else {
        onOpening.push(setAside);
      }
    },
  });
  opened = true;
  const [setAside] = onOpening;
  return { history: new History(database, now), ...(setAside === undefined ? {} : { setAside }) };
}

/**
 * What a call that changes something has returned is on the disk. Every call may throw a TidemarkError: 'not-writable' for
 * a disk that is full or read-only, after which it may be tried again; 'history' for what else SQLite refuses.
 */
export class History implements Disposable {
  readonly #database: Database;
  readonly #now: () => Date;
  readonly #runs: RunTable;
  readonly #schedules: ScheduleTable;
  readonly #alerts: AlertTable;
  readonly #settings: SettingsTable;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
    this.#runs = new RunTable(database, now);
    this.#schedules = new ScheduleTable(database);
    this.#alerts = new AlertTable(database);
    this.#settings = new SettingsTable(database);
  }

  get path(): string {
    return this.#database.path;
  }

  addRun(run: NewRun): RunRecord {
    return this.#runs.add(run);
  }

  beginRun(id: number, at = this.#now()): RunRecord {
    return this.#runs.begin(id, at);
  }

  /** Once for each model of a run, when it is loaded; samples belong to the head before them. */
  noteHead(id: number, head: RunHead): void {
    this.#runs.noteHead(id, head);
  }

  addSample(id: number, sample: IterationSample, phase: SamplePhase, model: string): void {
    this.#runs.addSample(id, { sample, phase, model });
  }

  finishRun(id: number, end: RunEnd): RunRecord {
    return this.#runs.finish(id, end, this.#now());
  }

  /** At the daemon's start: a run that it finds at work has lost its daemon. Those that are queued stay so. */
  interruptRunningRuns(reason: string, signal?: string): RunRecord[] {
    return this.#runs.interruptRunning(reason, signal);
  }

  getRun(id: number): RunRecord | undefined {
    return this.#runs.get(id);
  }

  /** All samples without a limit; those of a study are those of its models, one after the other. Throws 'not-found'. */
  detail(
    id: number,
    {
      document: withDocument = true,
      samples,
    }: { readonly document?: boolean; readonly samples?: number } = {},
  ): RunDetail {
    return this.#database.read(() => {
      const record = this.#runs.need(id);
      const document = withDocument ? this.#runs.document(id) : undefined;
      return {
        record,
        ...(document === undefined ? {} : { document }),
        samples: thinnedSamplesOf(this.#database, id, samples ?? Number.MAX_SAFE_INTEGER),
      };
    });
  }

  /** What {@link addRun} was given; undefined for a run that was brought in. */
  request(id: number): unknown {
    return this.#runs.request(id);
  }

  /** Newest first. */
  listRuns(filter: RunFilter = {}): { runs: RunRecord[]; total: number } {
    return listRuns(this.#database, filter);
  }

  /** Throws 'not-found', and 'busy' for a run that is not over. */
  deleteRun(id: number): void {
    this.#runs.remove(id);
  }

  /** The checks of a schedule, newest first: complete ones, or with `all` whatever they came to. */
  checksOf(scheduleId: number, options: CheckOptions): CheckRecord[] {
    return checksOf(this.#database, scheduleId, options);
  }

  recentPeaks(limit: number): DaemonStatus['recentPeaks'] {
    return recentPeaks(this.#database, limit);
  }

  lastCheck(): DaemonStatus['lastCheck'] {
    return lastCheck(this.#database);
  }

  schedules(): StoredSchedule[] {
    return this.#schedules.all();
  }

  addSchedule(settings: ScheduleSettings): StoredSchedule {
    return this.#schedules.add(settings, this.#now());
  }

  changeSchedule(id: number, settings: ScheduleSettings): StoredSchedule {
    return this.#schedules.change(id, settings);
  }

  removeSchedule(id: number): void {
    this.#schedules.remove(id);
  }

  noteScheduleRun(id: number, runId: number, at: Date | string): StoredSchedule {
    return this.#schedules.noteRun(id, runId, at);
  }

  noteScheduleSkip(id: number, skip: ScheduleSkip): StoredSchedule {
    return this.#schedules.noteSkip(id, skip);
  }

  noteScheduleDue(id: number, nextAt: Date | string | undefined): StoredSchedule {
    return this.#schedules.noteDue(id, nextAt);
  }

  /** Newest first; those that were resolved only with `all`. */
  alerts(options: { readonly all?: boolean | undefined } = {}): Alert[] {
    return this.#alerts.list(options);
  }

  addAlert(alert: NewAlert): Alert {
    return this.#alerts.add(alert);
  }

  changeAlert(id: number, change: AlertChange): Alert {
    return this.#alerts.change(id, change);
  }

  alertCounts(): { readonly open: number; readonly acknowledged: number } {
    return this.#alerts.counts();
  }

  settings(): DaemonSettings {
    return this.#settings.get();
  }

  /** Throws 'bad-input' for a value out of its range. */
  changeSettings(change: DaemonSettingsChange): DaemonSettings {
    return this.#settings.change(change);
  }

  /** By the settings; returns how many runs were removed. */
  applyRetention(now = this.#now()): number {
    return applyRetention(this.#database, this.settings(), now);
  }

  /** Everything but the settings as JSON lines, without line ends; the first is a header. The history may be written to between lines. */
  exportLines(): Iterable<string> {
    return exportLines(this.#database, this.#now);
  }

  /** Takes an export line by line. */
  beginImport(): HistoryImport {
    return new HistoryImport(this.#database, this.#runs, this.#now());
  }

  /** Throws 'bad-document' where no line is one of an export, or it is of a newer Tidemark. */
  importLines(lines: Iterable<string>): ImportResult {
    const taking = this.beginImport();
    for (const line of lines) {
      taking.take(line);
    }
    return taking.end();
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
