/** Schedules and their alerts over a real history on a disk, under a clock that the test moves, with checks of no model. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Alert, Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { AlertKeeper } from '../src/alerts/alert-keeper.ts';
import type { Database } from '../src/history/database.ts';
import { History, historyFile } from '../src/history/history.ts';
import { openDatabase } from '../src/history/opening.ts';
import type { CheckRecord } from '../src/history/run-queries.ts';
import { insertRun } from '../src/history/run-row.ts';
import type { Clock, PowerState, Timer } from '../src/scheduler/machine.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';
import { exampleSchedule } from './example-histories.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export const nightly: ScheduleSettings = exampleSchedule({
  name: 'nightly',
  timing: { kind: 'cron', expression: '0 3 * * *' },
  warmupIterations: 3,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
});
export const hourly: ScheduleSettings = {
  ...nightly,
  name: 'hourly',
  timing: { kind: 'every', seconds: 3600 },
};

interface Pending {
  /** On the clock that counts while the machine is awake, which no jump moves. */
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that a test moves: by running on, by jumping, and by sleeping as a machine does. */
class ControlledClock implements Clock {
  #wall: number;
  #awake = 0;
  readonly #pending = new Set<Pending>();

  constructor(start: string) {
    this.#wall = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#wall);
  }

  setTimer(milliseconds: number, fire: () => void): Timer {
    const pending = { at: this.#awake + Math.max(0, milliseconds), fire };
    this.#pending.add(pending);
    return { clear: () => void this.#pending.delete(pending) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** Time passes while the machine is awake; each timer fires at its moment, and what it starts is awaited. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#awake + milliseconds;
    for (;;) {
      await settled();
      const next = [...this.#pending].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) {
        break;
      }
      this.#pending.delete(next);
      this.#pass(next.at - this.#awake);
      next.fire();
    }
    this.#pass(end - this.#awake);
    await settled();
  }

  /** Runs on until the wall clock shows `moment`, from whatever it shows now. */
  async runUntil(moment: string): Promise<void> {
    await this.run(Date.parse(moment) - this.#wall);
  }

  /** The wall clock goes on and timers stand still, as while a machine sleeps; or somebody sets the clock. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  #pass(milliseconds: number): void {
    this.#awake += milliseconds;
    this.#wall += milliseconds;
  }
}

/** Until what was started has nothing left to do but wait for a timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await Promise.resolve();
  }
}

/** A history in a folder of its own, of which a restart keeps the file alone. */
abstract class Simulation implements Disposable {
  readonly clock: ControlledClock;
  readonly logged: string[] = [];
  readonly log = {
    debug: (_: object, message: string): void => void this.logged.push(message),
    info: (): void => undefined,
    warn: (_: object, message: string): void => void this.logged.push(message),
    error: (_: object, message: string): void => void this.logged.push(message),
  };
  readonly #folder = temporaryFolder();
  database: Database;
  history: History;

  constructor(start: string) {
    this.clock = new ControlledClock(start);
    ({ database: this.database, history: this.history } = this.#open());
  }

  #open(): { readonly database: Database; readonly history: History } {
    const now = (): Date => this.clock.now();
    const onSetAside = (): never => assert.fail('the history is not damaged');
    const database = openDatabase(historyFile(this.#folder), { access: 'own', now, onSetAside });
    // No test cuts the power, and a thousand commits need not wait for the disk.
    database.all('PRAGMA synchronous = OFF');
    return { database, history: new History(database, now) };
  }

  protected reopen(): void {
    this.history.close();
    ({ database: this.database, history: this.history } = this.#open());
  }

  [Symbol.dispose](): void {
    this.history.close();
  }
}

/** A daemon's worth of what the scheduler needs: checks that take their time, and a machine with power and a place. */
export class SchedulerSimulation extends Simulation {
  readonly begun: string[] = [];
  power: PowerState | Error = { source: 'mains' };
  timeZone = 'UTC';
  /** How long each takes. */
  checkMilliseconds = 2 * minute;
  /** Why no check can be started. */
  refusal: Error | undefined;
  /** Whether another run is running. */
  isOccupied = false;
  /** Whether a running check shows only in the history. */
  isSlow = false;
  /** The system says how it is powered when this is settled. */
  powerWait: Promise<void> | undefined;
  changes = 0;
  random = 0;
  atWork = 0;
  mostAtWork = 0;
  scheduler: Scheduler;

  constructor(start = '2026-06-01T00:00:30Z') {
    super(start);
    this.scheduler = this.makeScheduler();
  }

  makeScheduler(): Scheduler {
    return new Scheduler({
      history: this.history,
      clock: this.clock,
      power: async () => {
        await this.powerWait;
        if (this.power instanceof Error) {
          throw this.power;
        }
        return this.power;
      },
      isBusy: () => this.isOccupied || (!this.isSlow && this.atWork > 0),
      startCheck: (schedule) => this.startCheck(schedule),
      log: this.log,
      random: () => this.random,
      onChange: () => void (this.changes += 1),
      machineTimeZone: () => this.timeZone,
    });
  }

  startCheck(schedule: Schedule): RunRecord {
    if (this.refusal !== undefined) {
      throw this.refusal;
    }
    this.begun.push(
      `${schedule.name} ${this.clock
        .now()
        .toISOString()
        .replace(/:\d\d\.000Z$/, 'Z')}`,
    );
    const { id } = this.addRun(schedule);
    const run = this.history.runs.begin(id);
    this.atWork += 1;
    this.mostAtWork = Math.max(this.mostAtWork, this.atWork);
    this.clock.setTimer(this.checkMilliseconds, () => {
      this.atWork -= 1;
      // A test may have ended it otherwise.
      if (isOpen(this.history.runs.need(id).state)) {
        this.scheduler.afterRun(this.history.runs.finish(id, { state: 'complete' }));
      }
    });
    return run;
  }

  /** Puts a run of a schedule into the history, queued. */
  addRun({ id: scheduleId, name: scheduleName, model, ...check }: Schedule): RunRecord {
    const { voice, text, iterations, warmupIterations } = check;
    return this.history.runs.add({
      kind: 'profile',
      trigger: { kind: 'schedule', scheduleId, scheduleName },
      models: [model],
      voice,
      text,
      iterations,
      warmupIterations,
      request: {},
    });
  }

  start(...settings: ScheduleSettings[]): Schedule[] {
    this.scheduler.start();
    return settings.map((each) => this.scheduler.set(undefined, each));
  }

  /** The daemon ends and begins again, the history being all that stays. */
  restart(): void {
    this.scheduler.stop();
    this.reopen();
    this.scheduler = this.makeScheduler();
    this.scheduler.start();
  }

  only(): Schedule {
    const [schedule] = this.scheduler.list();
    assert.ok(schedule);
    return schedule;
  }

  override [Symbol.dispose](): void {
    this.scheduler.stop();
    super[Symbol.dispose]();
  }
}

type Figures = NonNullable<CheckRecord['figures']>;

/** One in which the scheduler runs, with schedules. */
export function worldWith(...settings: ScheduleSettings[]): SchedulerSimulation {
  const world = new SchedulerSimulation();
  world.start(...settings);
  return world;
}

/** Of a check that finds nothing. */
export const usualFigures: Figures = {
  activeBytes: 163_526_908,
  peakBytes: 666_000_000,
  maximumPeakBytes: 670_000_000,
  cacheBytes: 30_000_000,
  footprintBytes: 900_000_000,
  secondsPerIteration: 6.2,
};

/** A schedule with a check every hour, and what came of its alerts. */
export class AlertSimulation extends Simulation {
  readonly told: string[] = [];
  readonly notified: Alert[] = [];
  notification: Error | undefined;
  keeper: AlertKeeper;
  schedule: Schedule;

  constructor() {
    super('2026-06-01T00:00:00Z');
    this.schedule = this.history.schedules.add(nightly);
    this.keeper = this.makeKeeper();
  }

  makeKeeper(): AlertKeeper {
    return new AlertKeeper({
      history: this.history,
      clock: this.clock,
      notify: (alert) => {
        this.notified.push(alert);
        return this.notification === undefined ? Promise.resolve() : Promise.reject(this.notification);
      },
      onAlert: ({ kind, state }) => void this.told.push(`${kind} ${state}`),
      log: this.log,
    });
  }

  /** The daemon ends and begins again. */
  restart(): void {
    this.reopen();
    this.keeper = this.makeKeeper();
  }

  check(figures: Partial<Figures> = {}, given: Partial<CheckRecord> = {}): RunRecord {
    this.clock.jump(hour);
    const { id: scheduleId, name: scheduleName, model, voice, iterations, warmupIterations } = this.schedule;
    const now = this.clock.now().toISOString();
    const { hostInstance = 'a', ...record } = given;
    const check: Omit<RunRecord, 'id'> = {
      uid: randomUUID(),
      kind: 'profile',
      state: 'complete',
      trigger: { kind: 'schedule', scheduleId, scheduleName },
      models: [model],
      voice,
      iterations,
      warmupIterations,
      samplesTaken: iterations,
      queuedAt: now,
      figures: { ...usualFigures, ...figures },
      leak: 'no-leak',
      ...record,
    };
    const id = this.database.write(() => insertRun(this.database, check, { recordedAt: now, hostInstance }));
    const run = this.history.runs.need(id);
    this.keeper.afterCheck(run);
    return run;
  }

  checks(count: number, figures: Partial<Figures> = {}, given: Partial<CheckRecord> = {}): void {
    for (let place = 0; place < count; place += 1) {
      this.check(figures, given);
    }
  }

  only(): Alert {
    const [alert, ...more] = this.history.alerts.list({ all: true });
    assert.ok(alert);
    assert.deepEqual(more, []);
    return alert;
  }
}
