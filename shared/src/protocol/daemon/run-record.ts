/** A run as the history lists it: what was asked, how far it came, and its figures in short. */

import * as v from 'valibot';
import { bytes, count, errorRecord, moment, seconds, text } from '../quantities.ts';
import { workloadSummary } from '../workload.ts';

/** A run's number in its history, from 1; never given twice. */
export const runId = v.pipe(count, v.minValue(1));

export const runKind = v.picklist(['profile', 'study', 'watch']);

export type RunKind = v.InferOutput<typeof runKind>;

export const runStates = [
  'queued',
  'running',
  'complete',
  /** A person or a client stopped it. */
  'cancelled',
  /** Ended from outside: the host or the daemon died, or was told to end. The samples so far are kept. */
  'interrupted',
  /** The work itself failed. */
  'failed',
] as const;

export type RunState = (typeof runStates)[number];

/** Queued and running runs change; the others are done for good. */
export const isOpen = (state: RunState): boolean => state === 'queued' || state === 'running';

/** What all channels of a run together say. */
export const leakSummary = v.picklist(['leak', 'no-leak', 'inconclusive']);

export type LeakSummary = v.InferOutput<typeof leakSummary>;

export const trigger = v.variant('kind', [
  /** Which client asked: `cli`, `raycast`. */
  v.object({ kind: v.literal('request'), client: text }),
  v.object({ kind: v.literal('schedule'), scheduleId: count, scheduleName: text }),
  /** Brought in from an export or a document. */
  v.object({ kind: v.literal('import') }),
]);

export type Trigger = v.InferOutput<typeof trigger>;

export const runRecord = v.object({
  id: runId,
  /** The same wherever the run is exported to; a UUID. */
  uid: v.pipe(v.string(), v.uuid()),
  kind: runKind,
  state: v.picklist(runStates),
  trigger,
  /** As they were asked for: one for a profile, several for a study; the name of a watched program. */
  models: v.pipe(v.array(text), v.minLength(1)),
  /** Absent of a watched program. */
  voice: v.optional(text),
  /**
   * What is said, in lists and in the status its first 200 characters; absent where phonemes were given, or many texts. Of a
   * watched program its command.
   */
  text: v.optional(text),
  /** Where many texts are said, or MLX's cache is not cleared or has a limit of the run's own. */
  workload: v.optional(workloadSummary),
  /** Measured iterations and warm-up that were asked for, of each model; of a watched program, that there were. */
  iterations: count,
  warmupIterations: count,
  /** Iterations that were measured, the warm-up and a confirmation run included. */
  samplesTaken: count,
  queuedAt: moment,
  startedAt: v.optional(moment),
  endedAt: v.optional(moment),
  seconds: v.optional(seconds),
  /**
   * Of a profile or a watched program with measured iterations: the last active memory after an iteration, the median and greatest peak, the
   * last cache and footprint, the median time.
   */
  figures: v.optional(
    v.object({
      activeBytes: bytes,
      peakBytes: bytes,
      maximumPeakBytes: bytes,
      cacheBytes: bytes,
      footprintBytes: bytes,
      secondsPerIteration: seconds,
    }),
  ),
  leak: v.optional(leakSummary),
  /** What it says in a sentence or two: the leak sentence of a profile, the conclusion of a study, a watched program's leaks and peak. */
  finding: v.optional(text),
  /** Why it ended as it did, where it is not complete. */
  reason: v.optional(text),
  /** The signal that ended the host or the daemon, where one did. */
  signal: v.optional(text),
  error: v.optional(errorRecord),
  /** It ended so, but that is in the daemon's memory only: the history cannot be written at the moment. */
  unsaved: v.optional(v.literal(true)),
});

export type RunRecord = v.InferOutput<typeof runRecord>;

/** A run, schedule or alert that the history cannot read: it is left out, can be removed, and is in nobody's way. */
export const unreadableRow = v.object({
  id: runId,
  /** Why, as a sentence. */
  reason: text,
});

export type UnreadableRow = v.InferOutput<typeof unreadableRow>;
