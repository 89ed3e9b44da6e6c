/** The next due time of one schedule, and whether one that was planned earlier still holds after the clock or the zone changed. */

import type { Schedule } from '@tidemark/shared/protocol/daemon/schedule.ts';
import { nextOccurrence } from './timing.ts';

export interface PlanContext {
  readonly now: number;
  readonly machineTimeZone: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A clock that is set back by no more than this does not repeat what it has had: cron(8) draws the line there too. One that
 * is set back further was wrong, and is believed anew.
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

/** Due times up to here have had their check, or were left out. */
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
