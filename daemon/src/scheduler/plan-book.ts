/** When each schedule is due next: kept in memory and in the history, and reconciled with clock, time zone and pauses. */

import { TZDate } from '@date-fns/tz/date';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { LockedHistory } from '../history/history-errors.ts';
import type { History } from '../history/history.ts';
import type { Log } from '../logging/log.ts';
import type { Clock } from './machine.ts';
import { passedSince, planFrom, reviewed } from './timing.ts';
import type { PlanContext } from './timing.ts';

export interface PlanBookOptions {
  readonly history: History;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1); draws the jitter. */
  readonly random: () => number;
  readonly machineTimeZone: () => string;
}

interface Known {
  readonly schedules: readonly Schedule[];
  readonly allPaused: boolean;
}

export class PlanBook {
  readonly #options: PlanBookOptions;
  /**
   * As milliseconds since 1970. The history has the same, but this is what counts: a disk that is full must not make a
   * check run again and again.
   */
  readonly #planned = new Map<number, number>();
  #known: Known | undefined;
  /** Notes that are not written yet, because another process has the history locked. */
  readonly #owed: ((history: History) => void)[] = [];
  #isLoaded = false;
  #lastLook: number;
  #timeZone: string;

  constructor(options: PlanBookOptions) {
    this.#options = options;
    this.#lastLook = this.now();
    this.#timeZone = options.machineTimeZone();
  }

  /** Loads the plans of the history and reviews them: the clock or the time zone may have changed. Once. */
  load(): void {
    if (this.#isLoaded) {
      return;
    }
    const { schedules } = this.#read();
    this.#isLoaded = true;
    for (const schedule of schedules) {
      if (schedule.nextAt !== undefined) {
        const planned = Date.parse(schedule.nextAt);
        this.#planned.set(schedule.id, planned);
        this.#skipStarted(schedule, planned);
      }
    }
    this.reconcile({ review: true });
  }

  get allPaused(): boolean {
    return this.#read().allPaused;
  }

  /** With the times at which they are due. */
  list(): Schedule[] {
    return this.#read().schedules.map((schedule) => this.#withNext(schedule));
  }

  /** Throws 'not-found'. */
  find(id: number): Schedule {
    return this.#withNext(this.#options.history.schedules.get(id));
  }

  /** The one that is due first; one that waits for another run is due already. */
  first(): (Schedule & { readonly nextAt: string }) | undefined {
    return this.list()
      .flatMap(({ nextAt, ...schedule }) => (nextAt === undefined ? [] : [{ ...schedule, nextAt }]))
      .sort((a, b) => Date.parse(a.nextAt) - Date.parse(b.nextAt) || a.id - b.id)[0];
  }

  /** The one that has been due for longest. */
  firstDue(): Schedule | undefined {
    const first = this.first();
    return first !== undefined && Date.parse(first.nextAt) <= this.now() ? first : undefined;
  }

  /** Milliseconds until one is due, 0 where one is; infinite where none ever is. */
  untilNext(): number {
    return this.allPaused
      ? Number.POSITIVE_INFINITY
      : Math.max(0, Math.min(...this.#planned.values()) - this.now());
  }

  /** The number of due times after the planned one that have passed. */
  passed(schedule: Schedule): number {
    const planned = this.#planned.get(schedule.id);
    return planned === undefined ? 0 : passedSince(schedule, planned, this.#context());
  }

  /** The first due time after now. */
  planNext(schedule: Schedule): void {
    this.#set(schedule.id, planFrom(schedule, this.now(), this.#context()));
  }

  /** {@link reconcile} plans it again. */
  forget(id: number): void {
    this.#planned.delete(id);
  }

  /** Reads the history again next time. */
  refresh(): void {
    this.#known = undefined;
  }

  /** Plans what has no plan, drops what is paused or gone, and reviews all where the clock or the zone has changed. */
  reconcile({ review = false } = {}): void {
    this.#writeOwed();
    this.refresh();
    const hasMoved = this.#hasMoved();
    const { schedules, allPaused } = this.#read();
    for (const schedule of schedules) {
      const planned = this.#planned.get(schedule.id);
      if (allPaused || schedule.paused) {
        if (planned !== undefined || schedule.nextAt !== undefined) {
          this.#set(schedule.id, undefined);
        }
      } else if (planned === undefined) {
        this.planNext(schedule);
      } else if (review || hasMoved) {
        const next = reviewed(schedule, planned, this.#context());
        if (next !== planned) {
          this.#set(schedule.id, next);
        }
      }
    }
    const ids = new Set(schedules.map(({ id }) => id));
    for (const id of [...this.#planned.keys()].filter((each) => !ids.has(each))) {
      this.#planned.delete(id);
    }
  }

  /**
   * Where the history cannot be written, the note is lost after a restart, but no check is; where another process has it
   * locked, the note is written when it is looked at next.
   */
  note(write: (history: History) => void): void {
    this.#owed.push(write);
    this.#writeOwed();
    this.refresh();
  }

  #writeOwed(): void {
    for (const write of [...this.#owed]) {
      try {
        write(this.#options.history);
      } catch (error) {
        if (error instanceof LockedHistory) {
          return;
        }
        this.#options.log.error({ error }, 'The state of a schedule could not be written to the history.');
      }
      this.#owed.shift();
    }
  }

  /** Notes that due times up to now had no check of their own, and why. */
  noteSkip({ id }: Schedule, skip: { readonly reason: string; readonly missed: number }): void {
    this.#options.log.info({ scheduleId: id, ...skip }, 'Scheduled checks were skipped.');
    const at = new Date(this.now()).toISOString();
    this.note((history) => history.schedules.noteSkip(id, { at, ...skip }));
  }

  /** A moment in words, in the time zone of the schedule or else of the machine. */
  shown({ timing }: Schedule, moment: string): string {
    const timeZone = (timing.kind === 'cron' ? timing.timeZone : undefined) ?? this.#timeZone;
    return formatDateTime(new TZDate(moment, timeZone));
  }

  now(): number {
    return this.#options.clock.now().getTime();
  }

  /** Skips a due time whose check a daemon started right before it ended, without noting that. */
  #skipStarted(schedule: Schedule, planned: number): void {
    const newest = this.#options.history.runs.list({ scheduleId: schedule.id, limit: 1 }).runs[0];
    const started = [schedule.lastRunAt, newest?.queuedAt].map((moment) => Date.parse(moment ?? ''));
    if (started.some((moment) => moment >= planned && moment <= this.now())) {
      if (newest !== undefined && newest.id !== schedule.lastRunId) {
        this.note((history) => history.schedules.noteRun(schedule.id, newest.id, new Date(newest.queuedAt)));
      }
      this.planNext(schedule);
    }
  }

  /** From memory until something changes, since every status asks. */
  #read(): Known {
    const { history } = this.#options;
    this.#known ??= {
      schedules: history.schedules.list(),
      allPaused: history.settings.get().schedulesPaused,
    };
    return this.#known;
  }

  #withNext({ nextAt: stored, ...schedule }: Schedule): Schedule {
    const planned = this.#isLoaded ? this.#planned.get(schedule.id) : Date.parse(stored ?? '');
    return planned === undefined || Number.isNaN(planned) || this.allPaused || schedule.paused
      ? schedule
      : { ...schedule, nextAt: new Date(planned).toISOString() };
  }

  /** Whether the clock was set back, or the machine is in another time zone, since this was asked last. */
  #hasMoved(): boolean {
    const now = this.now();
    const timeZone = this.#options.machineTimeZone();
    const setBackSeconds = Math.max(0, this.#lastLook - now) / 1000;
    // A clock that is kept right by the network goes back by a little all the time.
    const hasMoved = setBackSeconds > 1 || timeZone !== this.#timeZone;
    if (hasMoved) {
      this.#options.log.info(
        { timeZone, setBackSeconds },
        'The clock was set back or the time zone changed; all schedules are planned again.',
      );
    }
    this.#lastLook = now;
    this.#timeZone = timeZone;
    return hasMoved;
  }

  #set(id: number, next: number | undefined): void {
    if (next === undefined) {
      this.#planned.delete(id);
    } else {
      this.#planned.set(id, next);
    }
    this.note((history) => history.schedules.noteDue(id, next === undefined ? undefined : new Date(next)));
  }

  #context(): PlanContext {
    return { now: this.now(), machineTimeZone: this.#timeZone, random: this.#options.random };
  }
}
