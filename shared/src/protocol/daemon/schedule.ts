/** Schedules of leak checks, and the alerts that they raise. */

import * as v from 'valibot';
import { count, moment, text } from '../quantities.ts';
import { workloadRequest } from '../workload.ts';
import { runId } from './run-record.ts';

export const scheduleId = v.pipe(count, v.minValue(1));

const name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(80));

const scheduleTiming = v.variant('kind', [
  v.object({
    kind: v.literal('cron'),
    /** Five fields, or one of `@hourly`, `@daily`, `@weekly`, `@monthly`. */
    expression: v.pipe(text, v.maxLength(120)),
    /** An IANA name; absent for the machine's own, whatever that is at the time. */
    timeZone: v.optional(v.pipe(text, v.maxLength(64))),
  }),
  v.object({ kind: v.literal('every'), seconds: v.pipe(count, v.minValue(60), v.maxValue(366 * 86_400)) }),
]);

export type ScheduleTiming = v.InferOutput<typeof scheduleTiming>;

/** What a person sets. */
export const scheduleSettings = v.object({
  name,
  timing: scheduleTiming,
  model: v.pipe(text, v.maxLength(1024)),
  voice: v.pipe(text, v.maxLength(1024)),
  /** Absent for the default text. */
  text: v.optional(v.pipe(text, v.maxLength(50_000))),
  ...workloadRequest,
  iterations: v.pipe(count, v.minValue(1), v.maxValue(10_000)),
  warmupIterations: v.pipe(count, v.maxValue(1000)),
  /** Up to so much later than due, drawn anew each time, so that checks of several machines or schedules spread. */
  jitterSeconds: v.pipe(count, v.maxValue(86_400)),
  skipOnBattery: v.boolean(),
  skipInLowPowerMode: v.boolean(),
  paused: v.boolean(),
});

export type ScheduleSettings = v.InferOutput<typeof scheduleSettings>;

export const schedule = v.object({
  ...scheduleSettings.entries,
  id: scheduleId,
  createdAt: moment,
  /** When it is due next, jitter included; absent while it or the whole schedule is paused. */
  nextAt: v.optional(moment),
  /** The last check that was begun for it. */
  lastRunId: v.optional(runId),
  lastRunAt: v.optional(moment),
  /** The last time that it was due and left out, and why. */
  lastSkip: v.optional(v.object({ at: moment, reason: text, missed: count })),
});

export type Schedule = v.InferOutput<typeof schedule>;

export const alertId = v.pipe(count, v.minValue(1));

const alertKinds = [
  /** The leak rule found a leak within a check. */
  'leak',
  /** Idle active memory or footprint rises from check to check of one long-lived host. */
  'slow-leak',
  /** Active memory, the peak or the time per iteration is above what this schedule's own history lets expect. */
  'active',
  'peak',
  'seconds',
  /** Checks keep failing, or the host keeps dying. */
  'failure',
] as const;

export type AlertKind = (typeof alertKinds)[number];

const level = v.pipe(v.number(), v.finite(), v.minValue(0));

export const alert = v.object({
  id: alertId,
  kind: v.picklist(alertKinds),
  /** The schedule whose checks it is about. */
  scheduleId,
  scheduleName: text,
  model: text,
  state: v.picklist(['open', 'acknowledged', 'resolved']),
  raisedAt: moment,
  acknowledgedAt: v.optional(moment),
  /** When checks were back at their level for long enough. */
  resolvedAt: v.optional(moment),
  /** What was found, with figures, as a sentence. */
  reason: text,
  /** What to do next, as a sentence. */
  hint: text,
  /** In bytes, or seconds for `seconds`; the share is of the baseline. Absent for a failure. */
  baseline: v.optional(level),
  observed: v.optional(level),
  /** The checks that it rests on, oldest first. */
  runIds: v.array(runId),
});

export type Alert = v.InferOutput<typeof alert>;

/** How many are in each state, for a glance. */
export const alertCounts = v.object({ open: count, acknowledged: count });
