/** A daemon's worth of what the scheduler's tests need: a clock, a history, checks that take their time, and no machine. */

import assert from 'node:assert/strict';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { ControlledClock } from './controlled-clock.ts';
import { MemoryHistory } from './memory-history.ts';
import type { PowerState } from '../src/scheduler/power-state.ts';
import { Scheduler } from '../src/scheduler/scheduler.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

export const nightly: ScheduleSettings = {
  name: 'nightly',
  timing: { kind: 'cron', expression: '0 3 * * *' },
  model: 'bf16',
  voice: 'af_heart',
  iterations: 15,
  warmupIterations: 3,
  jitterSeconds: 0,
  skipOnBattery: false,
  skipInLowPowerMode: false,
  paused: false,
};
export const hourly: ScheduleSettings = {
  ...nightly,
  name: 'hourly',
  timing: { kind: 'every', seconds: 3600 },
};

export class Bench {
  readonly clock: ControlledClock;
  readonly history: MemoryHistory;
  readonly begun: string[] = [];
  readonly logged: string[] = [];
  power: PowerState | Error = { source: 'mains' };
  timeZone = 'UTC';
  /** How long each takes. */
  checkMilliseconds = 2 * minute;
  /** Why none can be begun. */
  refusal: Error | undefined;
  /** Another run that is at work. */
  isOccupied = false;
  /** Whether what is at work shows only in the history. */
  isSlow = false;
  /** The system says how it is powered when this is settled. */
  powerWait: Promise<void> | undefined;
  changes = 0;
  random = 0;
  atWork = 0;
  mostAtWork = 0;
  scheduler: Scheduler;

  constructor(start = '2026-06-01T00:00:30Z') {
    this.clock = new ControlledClock(start);
    this.history = new MemoryHistory(() => this.clock.now());
    this.scheduler = this.makeScheduler();
  }

  makeScheduler(): Scheduler {
    const write = (_: object, message: string): void => void this.logged.push(message);
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
      log: { debug: write, info: () => undefined, warn: write, error: write },
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
    const run = this.history.addRun(schedule, { state: 'running' });
    this.atWork += 1;
    this.mostAtWork = Math.max(this.mostAtWork, this.atWork);
    this.clock.setTimer(this.checkMilliseconds, () => {
      this.atWork -= 1;
      this.scheduler.afterRun(this.history.endRun(run.id, { state: 'complete' }));
    });
    return run;
  }

  start(...settings: ScheduleSettings[]): Schedule[] {
    this.scheduler.start();
    return settings.map((each) => this.scheduler.set(undefined, each));
  }

  /** The daemon ends and begins again, the history being all that stays. */
  restart(): void {
    this.scheduler.stop();
    this.scheduler = this.makeScheduler();
    this.scheduler.start();
  }

  only(): Schedule {
    const [schedule] = this.scheduler.list();
    assert.ok(schedule);
    return schedule;
  }
}
