/** Starts scheduled checks when they are due: one at a time, none twice, and one for all that a sleep has skipped. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import * as v from 'valibot';
import { letGo } from '../background.ts';
import { LockedHistory } from '../history/history-errors.ts';
import type { History } from '../history/history.ts';
import { checkSchedule } from '../history/schedule-check.ts';
import type { Log } from '../logging/log.ts';
import { machineTimeZone as systemTimeZone, powerObstacle } from './machine.ts';
import type { Clock, PowerState, Timer } from './machine.ts';
import { PlanBook } from './plan-book.ts';

export interface SchedulerOptions {
  readonly history: History;
  readonly clock: Clock;
  readonly power: () => Promise<PowerState>;
  /** Whether any run is queued or running. */
  readonly isBusy: () => boolean;
  /** Puts a check into the history and the queue. */
  readonly startCheck: (schedule: Schedule) => RunRecord;
  readonly log: Log;
  /** Uniform in [0, 1); draws the jitter. */
  readonly random?: () => number;
  /** A schedule or its next due time has changed. */
  readonly onChange?: () => void;
  /** Default: what the system says at the time. */
  readonly machineTimeZone?: () => string;
}

/** A timer stands still while the machine sleeps, and a clock can be set: so no wait is longer than this. */
const longestWait = 30_000;
/** How soon a check that waits for another run looks again, where nobody calls {@link Scheduler.afterRun}. */
const busyWait = 5000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #book: PlanBook;
  /** Schedules that came due while another run was running. */
  readonly #waited = new Set<number>();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #timer: Timer | undefined;
  /** The check that was started last; no other starts before it has ended. */
  #lastRun: number | undefined;
  #works = false;
  #looksAgain = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#book = new PlanBook({
      history: options.history,
      clock: options.clock,
      log: options.log,
      random: options.random ?? Math.random,
      machineTimeZone: options.machineTimeZone ?? systemTimeZone,
    });
  }

  /** Loads the plans of the history, and starts nothing yet. */
  load(): void {
    this.#book.load();
  }

  /** A schedule that came due meanwhile is checked once, unless that check was started already. */
  start(): void {
    if (this.#state === 'new') {
      this.#state = 'running';
      this.#book.load();
      this.#look();
    }
  }

  /** Starts nothing more. The plans stay in the history. */
  stop(): void {
    this.#state = 'stopped';
    this.#timer?.clear();
  }

  /** To be called when the daemon's settings have changed. */
  reconsider(): void {
    this.#update();
  }

  /** To be called when any run has ended: a check that waited for it starts as soon as the caller returns. */
  afterRun(run: RunRecord): void {
    if (run.id === this.#lastRun) {
      this.#lastRun = undefined;
    }
    if (this.#works) {
      this.#looksAgain = true;
    } else {
      this.#wakeIn(0);
    }
  }

  list(): Schedule[] {
    return this.#book.list();
  }

  /** Whether all schedules are paused. */
  get isPaused(): boolean {
    return this.#book.allPaused;
  }

  /** The one that is due first; one that waits for another run is due already. */
  next(): { scheduleId: number; name: string; at: string } | undefined {
    const first = this.#book.first();
    return first === undefined ? undefined : { scheduleId: first.id, name: first.name, at: first.nextAt };
  }

  /** Adds a schedule, or changes one. Throws what {@link checkSchedule} does, and 'not-found' for an id that isn't there. */
  set(id: number | undefined, settings: ScheduleSettings): Schedule {
    checkSchedule(settings);
    const { history } = this.#options;
    // One that cannot be read is replaced too.
    const before = id === undefined ? undefined : this.list().find((each) => each.id === id);
    const schedule =
      id === undefined ? history.schedules.add(settings) : history.schedules.change(id, settings);
    if (before === undefined || whenOf(before) !== whenOf(settings)) {
      this.#book.forget(schedule.id);
    }
    this.#update();
    return this.#book.find(schedule.id);
  }

  /** Throws 'not-found'. */
  remove(id: number): void {
    this.#options.history.schedules.remove(id);
    this.#waited.delete(id);
    this.#update();
  }

  /** One, or without `id` all of them, which leaves each one's own setting as it is. Throws 'not-found'. */
  pause(id: number | undefined, paused: boolean): void {
    const { history } = this.#options;
    if (id === undefined) {
      history.settings.change({ schedulesPaused: paused });
    } else {
      history.schedules.change(id, { ...settingsOf(this.#book.find(id)), paused });
    }
    this.#update();
  }

  /**
   * Starts the check of a schedule whatever its timing, paused or not, on battery or not. Where a check was due and waited,
   * this is that check. Throws 'not-found', and 'busy' while its last one is queued or running.
   */
  checkNow(id: number): RunRecord {
    const schedule = this.#book.find(id);
    const last =
      schedule.lastRunId === undefined ? undefined : this.#options.history.runs.get(schedule.lastRunId);
    if (last !== undefined && isOpen(last.state)) {
      throw new TidemarkError(
        'busy',
        `A check of "${schedule.name}" is already ${last.state} as run ${last.id}.`,
        { hint: 'Wait until it has finished, or cancel it.' },
      );
    }
    const wasDue = schedule.nextAt !== undefined && Date.parse(schedule.nextAt) <= this.#book.now();
    const run = this.#start(schedule);
    if (wasDue) {
      this.#waited.delete(id);
      this.#book.planNext(schedule);
    }
    this.#options.onChange?.();
    return run;
  }

  /** After a change: plans at once, so that the answer has the new plan, and starts what is due. */
  #update(): void {
    if (this.#state === 'running') {
      this.#book.reconcile();
      this.#look();
    } else {
      this.#book.refresh();
    }
    this.#options.onChange?.();
  }

  #wakeIn(milliseconds: number): void {
    this.#timer?.clear();
    if (this.#state === 'running') {
      this.#timer = this.#options.clock.setTimer(milliseconds, () => this.#look());
    }
  }

  /** Starts what is due, and waits for the next. */
  #look(): void {
    if (this.#state !== 'running') {
      return;
    }
    if (this.#works) {
      this.#looksAgain = true;
      return;
    }
    this.#timer?.clear();
    this.#works = true;
    const looked = this.#work()
      .catch((error: unknown) => {
        this.#options.log.error(
          { error },
          'The schedules could not be processed; they are tried again soon.',
        );
        return longestWait;
      })
      .then((wait) => {
        this.#works = false;
        this.#wakeIn(this.#looksAgain ? 0 : wait);
        this.#looksAgain = false;
      });
    letGo('looking for due checks', looked);
  }

  /** How long to wait before the next look, in milliseconds. */
  async #work(): Promise<number> {
    this.#book.reconcile();
    for (;;) {
      const due = this.#book.firstDue();
      if (due === undefined || this.#hasStopped()) {
        return Math.min(longestWait, this.#book.untilNext());
      }
      if (this.#isBusy()) {
        this.#waited.add(due.id);
        return busyWait;
      }
      const obstacle = await this.#obstacle(due);
      // Meanwhile it may have been paused, removed or started by hand, and another run may have started.
      const isStillDue = this.#book.firstDue()?.id === due.id && !this.#isBusy() && !this.#hasStopped();
      if (isStillDue && obstacle !== undefined) {
        this.#skip(due, obstacle);
      } else if (isStillDue && !this.#startDue(due)) {
        return busyWait;
      }
    }
  }

  #hasStopped(): boolean {
    return this.#state !== 'running';
  }

  #isBusy(): boolean {
    const { isBusy, history } = this.#options;
    if (isBusy()) {
      return true;
    }
    const last = this.#lastRun === undefined ? undefined : history.runs.get(this.#lastRun);
    return last !== undefined && isOpen(last.state);
  }

  /** False where it has to be tried again soon. */
  #startDue(schedule: Schedule): boolean {
    const missed = this.#book.passed(schedule);
    try {
      this.#start(schedule);
    } catch (error) {
      if (error instanceof TidemarkError && (error.code === 'busy' || error.code === 'shutting-down')) {
        this.#waited.add(schedule.id);
        return false;
      }
      if (error instanceof LockedHistory) {
        return false;
      }
      this.#options.log.error({ error, scheduleId: schedule.id }, 'A scheduled check could not be started.');
      const why = error instanceof Error ? error.message : String(error);
      this.#skip(schedule, `It could not be started: ${why.replace(/\.$/, '')}`);
      return true;
    }
    if (missed > 0) {
      const why = this.#waited.has(schedule.id)
        ? 'Another run was in progress'
        : 'The machine was asleep or the daemon was not running';
      const reason = `${why}: one check replaces ${formatCount(missed + 1)} scheduled checks.`;
      this.#book.noteSkip(schedule, { reason, missed });
    }
    this.#waited.delete(schedule.id);
    this.#book.planNext(schedule);
    this.#options.onChange?.();
    return true;
  }

  #start(schedule: Schedule): RunRecord {
    const at = new Date(this.#book.now());
    const run = this.#options.startCheck(schedule);
    this.#lastRun = run.id;
    this.#book.note((history) => history.schedules.noteRun(schedule.id, run.id, at));
    return run;
  }

  /** `why` is a sentence without its period. */
  #skip(schedule: Schedule, why: string): void {
    const missed = 1 + this.#book.passed(schedule);
    this.#waited.delete(schedule.id);
    this.#book.planNext(schedule);
    const { nextAt } = this.#book.find(schedule.id);
    const next =
      nextAt === undefined
        ? 'there is no next attempt'
        : `the next attempt is at ${this.#book.shown(schedule, nextAt)}`;
    this.#book.noteSkip(schedule, { reason: `${why}; ${next}.`, missed });
    this.#options.onChange?.();
  }

  /** Why it should not start now. */
  async #obstacle(schedule: Schedule): Promise<string | undefined> {
    if (!schedule.skipOnBattery && !schedule.skipInLowPowerMode) {
      return undefined;
    }
    try {
      return powerObstacle(schedule, await this.#options.power());
    } catch (error) {
      this.#options.log.warn({ error }, 'The power state could not be read; the check starts anyway.');
      return undefined;
    }
  }
}

/** What decides when it is due. */
const whenOf = ({ timing, jitterSeconds }: ScheduleSettings): string =>
  JSON.stringify([timing, jitterSeconds]);

const settingsOf = (schedule: Schedule): ScheduleSettings => v.parse(scheduleSettings, schedule);
