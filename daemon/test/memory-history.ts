/** A history in memory, for the tests of what is scheduled and what is alerted. */

import { randomUUID } from 'node:crypto';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/alert.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { daemonSettings, defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import * as v from 'valibot';
import type { AlertChange, AlertHistory, CheckRecord, ScheduleHistory } from '../src/scheduler/ports.ts';

export class MemoryHistory implements ScheduleHistory, AlertHistory {
  readonly #now: () => Date;
  readonly #schedules = new Map<number, Schedule>();
  readonly runs: CheckRecord[] = [];
  readonly #alerts: Alert[] = [];
  #settings: DaemonSettings = defaultDaemonSettings;
  #lastSchedule = 0;
  /** Whether every note about a schedule fails, as on a full disk. */
  isFull = false;

  constructor(now: () => Date) {
    this.#now = now;
  }

  schedules(): Schedule[] {
    return [...this.#schedules.values()];
  }

  addSchedule(settings: ScheduleSettings): Schedule {
    this.#lastSchedule += 1;
    return this.#store({ ...settings, id: this.#lastSchedule, createdAt: this.#now().toISOString() });
  }

  changeSchedule(id: number, settings: ScheduleSettings): Schedule {
    return this.#store({ ...this.#schedule(id), ...settings });
  }

  removeSchedule(id: number): void {
    this.#schedules.delete(id);
  }

  noteScheduleRun(id: number, lastRunId: number, at: Date): void {
    this.#note(id, { lastRunId, lastRunAt: at.toISOString() });
  }

  noteScheduleSkip(id: number, lastSkip: { at: string; reason: string; missed: number }): void {
    this.#note(id, { lastSkip });
  }

  noteScheduleDue(id: number, nextAt: Date | undefined): void {
    this.#refuseWhenFull();
    const schedule = { ...this.#schedule(id) };
    delete schedule.nextAt;
    this.#store(nextAt === undefined ? schedule : { ...schedule, nextAt: nextAt.toISOString() });
  }

  getRun(id: number): RunRecord | undefined {
    return this.runs.find((run) => run.id === id);
  }

  listRuns({ scheduleId, limit }: { scheduleId: number; limit: number }): { runs: RunRecord[] } {
    return { runs: this.checksOf(scheduleId, { limit, all: true }) };
  }

  /** Puts a run of a schedule into the list, complete unless said otherwise. */
  addRun(
    { id: scheduleId, name: scheduleName, model, voice, iterations, warmupIterations }: Schedule,
    given: Partial<CheckRecord> = {},
  ): CheckRecord {
    const run: CheckRecord = {
      id: (this.runs.at(-1)?.id ?? 0) + 1,
      uid: randomUUID(),
      kind: 'profile',
      state: 'complete',
      trigger: { kind: 'schedule', scheduleId, scheduleName },
      models: [model],
      voice,
      iterations,
      warmupIterations,
      samplesTaken: iterations,
      queuedAt: this.#now().toISOString(),
      ...given,
    };
    this.runs.push(run);
    return run;
  }

  /** Ends a run as said. */
  endRun(id: number, change: Partial<CheckRecord>): CheckRecord {
    const place = this.runs.findIndex((run) => run.id === id);
    const run = this.runs[place];
    if (run === undefined) {
      throw new RangeError(`no run ${id}`);
    }
    const ended = { ...run, ...change };
    this.runs[place] = ended;
    return ended;
  }

  checksOf(
    scheduleId: number,
    {
      limit,
      before = Number.POSITIVE_INFINITY,
      all = false,
    }: { limit: number; before?: number; all?: boolean },
  ): CheckRecord[] {
    return this.runs
      .filter(({ trigger }) => trigger.kind === 'schedule' && trigger.scheduleId === scheduleId)
      .filter(({ id, state }) => id < before && (all || state === 'complete'))
      .reverse()
      .slice(0, limit);
  }

  alerts({ all }: { all: boolean }): Alert[] {
    return this.#alerts.filter(({ state }) => all || state !== 'resolved').reverse();
  }

  addAlert(alert: Omit<Alert, 'id'>): Alert {
    const added = { ...alert, id: this.#alerts.length + 1 };
    this.#alerts.push(added);
    return added;
  }

  changeAlert(id: number, change: AlertChange): Alert {
    const alert = this.#alerts[id - 1];
    if (alert === undefined) {
      throw new TidemarkError('not-found', `There is no alert ${id}.`);
    }
    const changed = { ...alert, ...change };
    this.#alerts[id - 1] = changed;
    return changed;
  }

  settings(): DaemonSettings {
    return this.#settings;
  }

  changeSettings(change: DaemonSettingsChange): DaemonSettings {
    const alerts = { ...this.#settings.alerts, ...change.alerts };
    this.#settings = v.parse(daemonSettings, { ...this.#settings, ...change, alerts });
    return this.#settings;
  }

  #note(id: number, change: Partial<Schedule>): void {
    this.#refuseWhenFull();
    this.#store({ ...this.#schedule(id), ...change });
  }

  #refuseWhenFull(): void {
    if (this.isFull) {
      throw new TidemarkError('not-writable', 'The disk is full.');
    }
  }

  #schedule(id: number): Schedule {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined) {
      throw new TidemarkError('not-found', `There is no schedule ${id}.`);
    }
    return schedule;
  }

  #store(schedule: Schedule): Schedule {
    this.#schedules.set(schedule.id, schedule);
    return schedule;
  }
}
