/** Begins scheduled checks when they are due: one at a time, none twice, and one for all that a sleep has left out. */

import { TZDate } from '@date-fns/tz/date';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { scheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { Schedule, ScheduleSettings } from '@tidemark/shared/protocol/daemon/schedule.ts';
import * as v from 'valibot';
import type { Log } from '../logging/log.ts';
import type { Clock, Timer } from './clock.ts';
import { machineTimeZone as systemTimeZone } from './machine-time-zone.ts';
import { passedSince, planFrom, reviewed } from './plan.ts';
import type { PlanContext } from './plan.ts';
import type { ScheduleHistory } from './ports.ts';
import type { PowerState } from './power-state.ts';
import { checkTiming } from './timing.ts';

export interface SchedulerOptions {
  readonly history: ScheduleHistory;
  readonly clock: Clock;
  readonly power: () => Promise<PowerState>;
  /** Whether any run is queued or at work. */
  readonly isBusy: () => boolean;
  /** Puts a check into the history and the queue. */
  readonly startCheck: (schedule: Schedule) => RunRecord;
  readonly log: Log;
  /** Uniform in [0, 1); draws the jitter. */
  readonly random?: () => number;
  /** A schedule or its next time is another. */
  readonly onChange?: () => void;
  readonly machineTimeZone?: () => string;
}

/** A timer stands still while the machine sleeps, and a clock can be set: so no wait is longer than this. */
const longestWait = 30_000;
/** How soon a check that waits for another run looks again, where nobody calls {@link Scheduler.afterRun}. */
const busyWait = 5000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  /**
   * When each is due next, as milliseconds since 1970. The history has the same, but this is what counts: a disk that is
   * full must not make a check run again and again.
   */
  readonly #planned = new Map<number, number>();
  /** Those that were due while another run was at work. */
  readonly #waited = new Set<number>();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #timer: Timer | undefined;
  #lastLook = 0;
  #timeZone = '';
  /** The run that was begun last; no other is begun before it has ended. */
  #lastRun: number | undefined;
  #known: { readonly schedules: readonly Schedule[]; readonly allPaused: boolean } | undefined;
  #works = false;
  #looksAgain = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Takes up what the history has planned. What came due meanwhile is checked once, unless that was begun already. */
  start(): void {
    if (this.#state !== 'new') {
      return;
    }
    this.#state = 'running';
    this.#lastLook = this.#now();
    this.#timeZone = this.#machineTimeZone();
    for (const schedule of this.#schedules()) {
      if (schedule.nextAt !== undefined) {
        this.#planned.set(schedule.id, Date.parse(schedule.nextAt));
        this.#passOverBegun(schedule, Date.parse(schedule.nextAt));
      }
    }
    this.#look({ review: true });
  }

  /** Begins nothing more. What is planned stays in the history. */
  stop(): void {
    this.#state = 'stopped';
    this.#timer?.clear();
  }

  /** For when the daemon's settings are others. */
  reconsider(): void {
    this.#known = undefined;
    this.#update();
  }

  /** For when any run has ended: a check that waited for it begins as soon as the caller is done. */
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
    return this.#schedules().map((schedule) => this.#withNext(schedule, this.isPaused));
  }

  /** Whether all of them are. */
  get isPaused(): boolean {
    return this.#read().allPaused;
  }

  /** Adds one, or changes one. Throws 'bad-input' for a timing that cannot be, 'not-found' for an id that isn't there. */
  set(id: number | undefined, settings: ScheduleSettings): Schedule {
    checkTiming(settings.timing);
    const { history } = this.#options;
    const before = id === undefined ? undefined : this.#find(id);
    const schedule = id === undefined ? history.addSchedule(settings) : history.changeSchedule(id, settings);
    this.#known = undefined;
    if (before === undefined || whenOf(before) !== whenOf(settings)) {
      this.#planned.delete(schedule.id);
    }
    this.#update();
    return this.#withNext(this.#find(schedule.id), this.isPaused);
  }

  /** Throws 'not-found'. */
  remove(id: number): void {
    this.#find(id);
    this.#options.history.removeSchedule(id);
    this.#known = undefined;
    this.#planned.delete(id);
    this.#waited.delete(id);
    this.#update();
  }

  /** One, or without `id` all of them, which leaves each one's own setting as it is. Throws 'not-found'. */
  pause(id: number | undefined, paused: boolean): void {
    const { history } = this.#options;
    if (id === undefined) {
      history.changeSettings({ schedulesPaused: paused });
    } else {
      history.changeSchedule(id, { ...settingsOf(this.#find(id)), paused });
    }
    this.#known = undefined;
    this.#update();
  }

  /** The one that is due first; one that waits for another run is due already. */
  next(): { scheduleId: number; name: string; at: string } | undefined {
    const [first] = this.list()
      .flatMap(({ id, name, nextAt }) => (nextAt === undefined ? [] : [{ scheduleId: id, name, at: nextAt }]))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.scheduleId - b.scheduleId);
    return first;
  }

  /**
   * Begins one's check whatever its timing, paused or not, on battery or not. Where it was due and waited, this is that
   * check. Throws 'not-found', and 'busy' while its last one is queued or running.
   */
  checkNow(id: number): RunRecord {
    const schedule = this.#find(id);
    const last =
      schedule.lastRunId === undefined ? undefined : this.#options.history.getRun(schedule.lastRunId);
    if (last !== undefined && isOpen(last.state)) {
      throw new TidemarkError(
        'busy',
        `A check of "${schedule.name}" is ${last.state} already, as run ${last.id}.`,
        {
          hint: 'Wait for it, or cancel it first.',
        },
      );
    }
    const planned = this.#planned.get(id);
    const now = this.#now();
    const run = this.#begin(schedule, now);
    if (planned !== undefined && planned <= now) {
      this.#plan(schedule, now);
    }
    this.#options.onChange?.();
    return run;
  }

  /** After a change: plans at once, so that an answer to it has the new plan, and begins what is due. */
  #update(): void {
    if (this.#state === 'running') {
      this.#reconcile(false);
      this.#look();
    }
    this.#options.onChange?.();
  }

  #wakeIn(milliseconds: number): void {
    this.#timer?.clear();
    if (this.#state === 'running') {
      this.#timer = this.#options.clock.setTimer(milliseconds, () => this.#look());
    }
  }

  #find(id: number): Schedule {
    const schedule = this.#schedules().find((each) => each.id === id);
    if (schedule === undefined) {
      throw new TidemarkError('not-found', `There is no schedule ${id}.`, {
        hint: '`tidemark schedule list` shows those that there are.',
      });
    }
    return schedule;
  }

  #schedules(): readonly Schedule[] {
    return this.#read().schedules;
  }

  /** From memory, since every status asks for it, until something changes or is looked at again. */
  #read(): { readonly schedules: readonly Schedule[]; readonly allPaused: boolean } {
    const { history } = this.#options;
    this.#known ??= { schedules: history.schedules(), allPaused: history.settings().schedulesPaused };
    return this.#known;
  }

  #withNext({ nextAt: stored, ...schedule }: Schedule, allPaused: boolean): Schedule {
    const planned = this.#state === 'new' ? Date.parse(stored ?? '') : this.#planned.get(schedule.id);
    return planned === undefined || Number.isNaN(planned) || allPaused || schedule.paused
      ? schedule
      : { ...schedule, nextAt: new Date(planned).toISOString() };
  }

  /** A daemon that ended between the beginning of a check and its note has begun it all the same. */
  #passOverBegun(schedule: Schedule, planned: number): void {
    const now = this.#now();
    const newest = this.#options.history.listRuns({ scheduleId: schedule.id, limit: 1 }).runs[0];
    const begun = [schedule.lastRunAt, newest?.queuedAt].map((moment) => Date.parse(moment ?? ''));
    if (begun.some((moment) => moment >= planned && moment <= now)) {
      if (newest !== undefined && newest.id !== schedule.lastRunId) {
        this.#note(() =>
          this.#options.history.noteScheduleRun(schedule.id, newest.id, new Date(newest.queuedAt)),
        );
      }
      this.#plan(schedule, now);
    }
  }

  /** Plans what has no plan, begins what is due, and waits for the next. */
  #look({ review = false } = {}): void {
    if (this.#state !== 'running') {
      return;
    }
    if (this.#works) {
      this.#looksAgain = true;
      return;
    }
    this.#timer?.clear();
    this.#works = true;
    this.#work(review)
      .catch((error: unknown) => {
        this.#options.log.error(
          { error },
          'Looking after the schedules failed; they are looked at again in 30 s.',
        );
      })
      .finally(() => {
        this.#works = false;
        if (this.#looksAgain) {
          this.#looksAgain = false;
          this.#look();
        } else {
          this.#wakeIn(this.#wait());
        }
      });
  }

  async #work(review: boolean): Promise<void> {
    this.#reconcile(review);
    for (;;) {
      const due = this.#firstDue();
      if (due === undefined || this.#state !== 'running') {
        return;
      }
      if (this.#isBusy()) {
        this.#waited.add(due.id);
        return;
      }
      const obstacle = due.skipOnBattery || due.skipInLowPowerMode ? await this.#obstacle(due) : undefined;
      // Whatever happened while the system was asked: the one that is due now may be another.
      if (this.#firstDue()?.id === due.id && !this.#isBusy() && !this.#hasStopped()) {
        if (obstacle === undefined) {
          if (!this.#beginDue(due)) {
            return;
          }
        } else {
          this.#leaveOut(due, obstacle);
        }
        this.#options.onChange?.();
      }
    }
  }

  #hasStopped(): boolean {
    return this.#state !== 'running';
  }

  /** Brings the plan in line with the schedules, the clock and the time zone. */
  #reconcile(review: boolean): void {
    const now = this.#now();
    const timeZone = this.#machineTimeZone();
    const isSetBack = now < this.#lastLook - 1000;
    if (isSetBack || timeZone !== this.#timeZone) {
      const { log } = this.#options;
      log.info(
        { timeZone, secondsBack: isSetBack ? (this.#lastLook - now) / 1000 : 0 },
        'The clock was set back or the time zone changed; schedules are planned again.',
      );
      review = true;
    }
    this.#lastLook = now;
    this.#timeZone = timeZone;
    this.#known = undefined;
    const { schedules, allPaused } = this.#read();
    for (const schedule of schedules) {
      const planned = this.#planned.get(schedule.id);
      if (allPaused || schedule.paused) {
        if (planned !== undefined || schedule.nextAt !== undefined) {
          this.#setPlan(schedule.id, undefined);
        }
      } else if (planned === undefined) {
        this.#plan(schedule, now);
      } else if (review) {
        const next = reviewed(schedule, planned, this.#context());
        if (next !== planned) {
          this.#setPlan(schedule.id, next);
        }
      }
    }
    const ids = new Set(schedules.map(({ id }) => id));
    for (const id of [...this.#planned.keys()].filter((each) => !ids.has(each))) {
      this.#planned.delete(id);
    }
  }

  #firstDue(): Schedule | undefined {
    const now = this.#now();
    const plannedAt = ({ id }: Schedule): number => this.#planned.get(id) ?? Number.POSITIVE_INFINITY;
    return this.isPaused
      ? undefined
      : this.#schedules()
          .filter((schedule) => !schedule.paused && plannedAt(schedule) <= now)
          .sort((a, b) => plannedAt(a) - plannedAt(b) || a.id - b.id)[0];
  }

  #isBusy(): boolean {
    const { isBusy, history } = this.#options;
    if (isBusy()) {
      return true;
    }
    const last = this.#lastRun === undefined ? undefined : history.getRun(this.#lastRun);
    return last !== undefined && isOpen(last.state);
  }

  /** False where it has to be tried again later. */
  #beginDue(schedule: Schedule): boolean {
    const now = this.#now();
    const planned = this.#planned.get(schedule.id) ?? now;
    const passed = passedSince(schedule, planned, this.#context());
    try {
      this.#begin(schedule, now);
    } catch (error) {
      const isLater =
        error instanceof TidemarkError && (error.code === 'busy' || error.code === 'shutting-down');
      if (isLater) {
        this.#waited.add(schedule.id);
        return false;
      }
      this.#options.log.error({ error, scheduleId: schedule.id }, 'A scheduled check could not be begun.');
      this.#leaveOut(
        schedule,
        `it could not be begun: ${error instanceof Error ? error.message : String(error)}`,
      );
      return true;
    }
    if (passed > 0) {
      const why = this.#waited.has(schedule.id)
        ? 'another run was at work'
        : 'the machine slept, or the daemon did not run';
      this.#noteSkip(schedule, {
        at: new Date(planned).toISOString(),
        reason: `${capitalized(why)}: one check stands for ${formatCount(passed + 1)} due times.`,
        missed: passed,
      });
    }
    this.#waited.delete(schedule.id);
    this.#plan(schedule, now);
    return true;
  }

  #begin(schedule: Schedule, now: number): RunRecord {
    const { startCheck, history } = this.#options;
    const run = startCheck(this.#withNext(schedule, false));
    this.#lastRun = run.id;
    this.#note(() => history.noteScheduleRun(schedule.id, run.id, new Date(now)));
    return run;
  }

  #leaveOut(schedule: Schedule, why: string): void {
    const now = this.#now();
    const missed = 1 + passedSince(schedule, this.#planned.get(schedule.id) ?? now, this.#context());
    this.#waited.delete(schedule.id);
    this.#plan(schedule, now);
    const next = this.#planned.get(schedule.id);
    const nextTry =
      next === undefined ? 'there is no next try' : `the next try is at ${this.#shown(schedule, next)}`;
    this.#noteSkip(schedule, {
      at: new Date(now).toISOString(),
      reason: `${capitalized(why.replace(/\.$/, ''))}; ${nextTry}.`,
      missed,
    });
  }

  #noteSkip(schedule: Schedule, skip: { at: string; reason: string; missed: number }): void {
    this.#options.log.info({ scheduleId: schedule.id, ...skip }, 'Due times of a schedule were left out.');
    this.#note(() => this.#options.history.noteScheduleSkip(schedule.id, skip));
  }

  async #obstacle(schedule: Schedule): Promise<string | undefined> {
    let state: PowerState;
    try {
      state = await this.#options.power();
    } catch (error) {
      this.#options.log.warn({ error }, 'The power state cannot be read; the check goes ahead.');
      return undefined;
    }
    if (schedule.skipOnBattery && state.source === 'battery') {
      const charge =
        state.charge === undefined ? '' : ` (${formatPercent(state.charge, { fractionDigits: 0 })})`;
      return `the machine was on battery${charge}`;
    }
    return schedule.skipInLowPowerMode && state.lowPowerMode === true
      ? 'the machine was in low power mode'
      : undefined;
  }

  #plan(schedule: Schedule, base: number): void {
    this.#setPlan(schedule.id, planFrom(schedule, base, this.#context()));
  }

  #setPlan(id: number, next: number | undefined): void {
    if (next === undefined) {
      this.#planned.delete(id);
    } else {
      this.#planned.set(id, next);
    }
    this.#note(() =>
      this.#options.history.noteScheduleDue(id, next === undefined ? undefined : new Date(next)),
    );
  }

  /** A note that cannot be written costs what it says after a restart, but no schedule. */
  #note(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#options.log.error({ error }, 'What a schedule did cannot be written to the history.');
    } finally {
      this.#known = undefined;
    }
  }

  #shown(schedule: Schedule, moment: number): string {
    const { timing } = schedule;
    const timeZone = (timing.kind === 'cron' ? timing.timeZone : undefined) ?? this.#timeZone;
    return formatDateTime(new TZDate(moment, timeZone));
  }

  #wait(): number {
    const now = this.#now();
    const next = Math.min(...this.#planned.values());
    return next <= now ? busyWait : Math.min(longestWait, next - now);
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }

  #context(): PlanContext {
    return {
      now: this.#now(),
      machineTimeZone: this.#timeZone,
      random: this.#options.random ?? Math.random,
    };
  }

  #machineTimeZone(): string {
    return (this.#options.machineTimeZone ?? systemTimeZone)();
  }
}

const capitalized = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/** What decides when it is due. */
const whenOf = ({ timing, jitterSeconds }: ScheduleSettings): string =>
  JSON.stringify([timing, jitterSeconds]);

const settingsOf = (schedule: Schedule): ScheduleSettings => v.parse(scheduleSettings, schedule);
