/** The document of a watched program: a Python script of somebody's own, iteration by iteration, and what that says of leaks and the peak. */

import * as v from 'valibot';
import { channelVerdict } from './leak-verdicts.ts';
import { iterationsInOrder, outcome, profileSummary } from './profile-document.ts';
import { device } from './provenance.ts';
import { bytes, count, moment, seconds, spread, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const watchSchemaVersion = 1;

/** What marks an iteration, the surest first. */
export const markKinds = [
  /** The script says so, by tidemark_probe. */
  'function',
  /** A timer, where one was asked for: each interval is an iteration. */
  'timer',
  /** It clears MLX's cache once an iteration. */
  'clear_cache',
  /** It evaluates at the same place once an iteration. */
  'eval',
  'none',
] as const;

export const watchedSample = v.object({
  /** Its place among all iterations, the warm-up included, from 0. */
  index: count,
  warmup: v.boolean(),
  /** MLX's counters: when the iteration began (at the first mark, nothing is known), at its end, and the most during it. */
  activeBeforeBytes: v.exactOptional(bytes),
  activeBytes: bytes,
  peakBytes: bytes,
  /** The most that was seen in MLX's cache during it, at evaluations and where it was cleared. */
  cacheBytes: bytes,
  seconds,
  /** phys_footprint on macOS, the resident set on Linux. */
  footprintBytes: v.exactOptional(bytes),
  openFileDescriptors: v.exactOptional(count),
  /** Objects that Python's collector tracks, garbage among them that it has not come by yet; and those of type mx.array. */
  trackedObjects: v.exactOptional(count),
  liveArrays: v.exactOptional(count),
  /** Calls of mx.eval and mx.async_eval during it, and of mx.reset_peak_memory. */
  evaluations: count,
  peakResets: count,
});

export type WatchedSample = v.InferOutput<typeof watchedSample>;

export const watchedSummary = v.object({
  ...v.pick(profileSummary, ['iterations', 'active', 'peakBytes', 'cacheBytes', 'seconds']).entries,
  /** Each peak less what was active before it. */
  transientBytes: spread(bytes),
  footprintBytes: v.exactOptional(spread(bytes)),
});

export type WatchedSummary = v.InferOutput<typeof watchedSummary>;

/** What the peaks of the iterations do, and what the program itself can know of them. */
export const peakVerdict = v.object({
  /** `constant`: the same to the byte; `steady`: no trend; `rises`: by the first part of the leak rule. */
  status: v.picklist(['constant', 'steady', 'rises', 'unknown']),
  /** Per iteration, where it rises. */
  ratePerIteration: v.exactOptional(v.pipe(v.number(), v.finite())),
  /** Whether the program resets MLX's peak. If never, what it reads is the highest of its whole life. */
  reset: v.picklist(['every-iteration', 'sometimes', 'never']),
  /** The highest of the program's life, loading included. */
  lifeBytes: bytes,
  /** The iteration, by its index, in which it was reached, where that was measured. */
  lifeIteration: v.exactOptional(count),
});

export type PeakVerdict = v.InferOutput<typeof peakVerdict>;

export const watchDocument = v.pipe(
  v.object({
    kind: v.literal('watch'),
    schemaVersion: v.literal(watchSchemaVersion),
    startedAt: moment,
    /** From the command's start to its end. */
    seconds,
    program: v.object({
      /** The script or module, without its folder. */
      name: text,
      command: v.pipe(v.array(v.string()), v.minLength(1)),
      executable: text,
      exitCode: v.exactOptional(count),
      signal: v.exactOptional(text),
      /** Other processes of the command that imported MLX, which were not watched. */
      otherProcesses: v.exactOptional(count),
    }),
    device,
    versions: v.object({
      tidemark: text,
      python: text,
      mlx: text,
      /** Of packages on top of MLX. */
      packages: v.record(v.string(), text),
    }),
    settings: v.object({
      warmupIterations: count,
      everySeconds: v.exactOptional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
    }),
    marks: v.object({
      kind: v.picklist(markKinds),
      /** `mx.clear_cache at script.py:12`. */
      place: v.exactOptional(text),
      calls: count,
    }),
    iterations: v.array(watchedSample),
    leaks: v.array(channelVerdict),
    /** Absent where the program ended before its first measured iteration. */
    summary: v.exactOptional(watchedSummary),
    peak: peakVerdict,
    /** How long the counting of objects took in all: it delayed the program by so much. */
    countingSeconds: v.exactOptional(seconds),
    outcome,
  }),
  iterationsInOrder(),
  v.check(
    ({ iterations }) => iterations.every(({ peakBytes, activeBytes }) => peakBytes >= activeBytes),
    'a peak is at least what was active after it',
  ),
);

export type WatchDocument = v.InferOutput<typeof watchDocument>;
