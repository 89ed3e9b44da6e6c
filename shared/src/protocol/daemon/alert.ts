/** Alerts: what scheduled checks found that a person should know, once. */

import * as v from 'valibot';
import { count, moment, text } from '../quantities.ts';
import { runId } from './run-record.ts';
import { scheduleId } from './schedule.ts';

export const alertId = v.pipe(count, v.minValue(1));

export const alertKinds = [
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
