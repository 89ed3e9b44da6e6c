/** When a schedule is due next, by a cron expression in a time zone or a plain interval, and how many due times have passed. */

import type { Schedule, ScheduleTiming } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { cronIn } from '../history/schedule-check.ts';
import { machineTimeZone } from './machine.ts';

export interface OccurrenceOptions {
  /** For a cron expression without a zone of its own. Default: the machine's, as it is now. */
  readonly machineTimeZone?: string;
  /** A moment at which an interval was due. Default: `after` itself, so that the next one is a whole interval away. */
  readonly anchor?: Date;
}

/**
 * The first moment after `after` at which it is due; undefined where none ever comes.
 *
 * Croner's rule of the changes of daylight-saving time, which is close to that of Vixie's cron(8): minutes and hours that are
 * numbers, ranges and lists ask for times of day. Such a time that the clocks skip is due when the gap ends, on the same day
 * (where a zone leaves out a whole day, as Samoa did in 2011, it is not due then); one that comes twice is due the first time
 * only. Minutes or hours with `*` or a step ask for every so often: what is skipped needs no making up, and both passes
 * through an hour that comes twice count.
 *
 * Throws as {@link cronIn} does.
 */
export function nextOccurrence(
  timing: ScheduleTiming,
  after: Date,
  options: OccurrenceOptions = {},
): Date | undefined {
  if (timing.kind === 'every') {
    const period = timing.seconds * 1000;
    const anchor = (options.anchor ?? after).getTime();
    return new Date(anchor + (Math.floor((after.getTime() - anchor) / period) + 1) * period);
  }
  const timeZone = timing.timeZone ?? options.machineTimeZone ?? machineTimeZone();
  return cronIn(timeZone, timing.expression).nextRun(after) ?? undefined;
}

export interface PlanContext {
  readonly now: number;
  readonly machineTimeZone: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A clock that is set back by no more than this repeats no check; cron(8) has the same limit. A clock that is set back
 * further was wrong before, and its new time counts.
 */
const mostRepeated = 3 * 3_600_000;

/** The first due time after `base`, jitter included; undefined where none ever comes. */
export function planFrom(schedule: Schedule, base: number, context: PlanContext): number | undefined {
  const due = dueAfter(schedule, base, context);
  if (due === undefined) {
    return undefined;
  }
  const following = dueAfter(schedule, due, context);
  // Never as late as the due time after it, which would be lost otherwise.
  const room = following === undefined ? Number.POSITIVE_INFINITY : following - due;
  return due + Math.floor(context.random() * Math.min(schedule.jitterSeconds * 1000, room));
}

/**
 * The due time for now, given the one that was planned at another time: the same where it still is one, a new one where
 * the clock was set back, or the time zone is another.
 */
export function reviewed(schedule: Schedule, planned: number, context: PlanContext): number | undefined {
  if (planned <= context.now) {
    return planned;
  }
  const base = handledUntil(schedule, context);
  const due = dueAfter(schedule, base, context);
  const jitter = schedule.jitterSeconds * 1000;
  if (due !== undefined && due <= planned && planned <= due + jitter) {
    return planned;
  }
  const drawnFrom = dueAfter(schedule, planned - jitter - 1, context);
  const waitsForItsJitter = drawnFrom !== undefined && drawnFrom <= planned;
  return waitsForItsJitter && (due === undefined || planned < due)
    ? planned
    : planFrom(schedule, base, context);
}

/** Due times up to here had their check or were skipped. */
function handledUntil(schedule: Schedule, context: PlanContext): number {
  const { now } = context;
  const last = Math.max(
    Date.parse(schedule.lastRunAt ?? '') || 0,
    Date.parse(schedule.lastSkip?.at ?? '') || 0,
  );
  const due = dueAfter(schedule, now, context);
  const following = due === undefined ? undefined : dueAfter(schedule, due, context);
  const period = due === undefined || following === undefined ? mostRepeated : following - due;
  return last > now && last - now <= Math.min(mostRepeated, period) ? last : now;
}

/** Due times after `planned` up to now; counted up to a thousand. */
export function passedSince(schedule: Schedule, planned: number, context: PlanContext): number {
  let passed = 0;
  let due = dueAfter(schedule, planned, context);
  while (due !== undefined && due <= context.now && passed < 1000) {
    passed += 1;
    due = dueAfter(schedule, due, context);
  }
  return passed;
}

/** Intervals are counted from the schedule's beginning, so that jitter and late checks don't shift them. */
function dueAfter(schedule: Schedule, after: number, { machineTimeZone }: PlanContext): number | undefined {
  return nextOccurrence(schedule.timing, new Date(after), {
    machineTimeZone,
    anchor: new Date(schedule.createdAt),
  })?.getTime();
}
