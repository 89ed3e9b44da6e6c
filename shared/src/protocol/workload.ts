/** The workload of a measurement beyond one text said again and again: many texts, and what becomes of MLX's cache. */

import * as v from 'valibot';
import { TidemarkError } from '../errors.ts';
import { mlxSettings } from './mlx-settings.ts';
import { bytes, count, text } from './quantities.ts';

/** What loads and runs a model: Tidemark's own host, or mlx-audio in a Python process. */
export const engines = ['tidemark', 'mlx-audio'] as const;

export type EngineName = (typeof engines)[number];

/** Which engine a client asks for; absent for Tidemark's own. */
export const engineRequest = {
  engine: v.optional(v.picklist(engines)),
  /** The interpreter that has mlx-audio, as an absolute path; absent for the environment that Tidemark makes. */
  python: v.optional(v.pipe(text, v.maxLength(4096))),
  /** Traces every allocation of Python's own heap, which costs time and memory. */
  pythonHeap: v.optional(v.boolean()),
} as const;

/** With more than these, one pass over them takes hours, and a request outgrows what the daemon reads. */
export const workloadLimits = { texts: 1000, jsonBytes: 56_000 } as const;

/** The lines of a file, from the first on; blank ones are skipped, but count as lines. */
const textLines = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(50_000))),
  v.minLength(1),
  v.maxLength(10 * workloadLimits.texts),
);

/** The lines of a file's content or of what was pasted, without blank ones at the end. */
export const linesOf = (content: string): string[] =>
  content
    .replace(/^\uFEFF/u, '')
    .trimEnd()
    .split(/\r\n|\n|\r/u);

/** The lines that are not blank, with their numbers. Throws a TidemarkError, 'bad-input', for none and for too many. */
export function textsIn(lines: readonly string[]): Omit<SpokenText, 'phonemes'>[] {
  const texts = lines.flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === '' ? [] : [{ line: index + 1, text: trimmed }];
  });
  if (texts.length === 0) {
    throw new TidemarkError('bad-input', 'There are no texts: every line is blank.', {
      hint: 'Give one text per line.',
    });
  }
  const size = new TextEncoder().encode(JSON.stringify(lines)).byteLength;
  if (texts.length > workloadLimits.texts || size > workloadLimits.jsonBytes) {
    const found = `${texts.length.toLocaleString('en-US')} texts, ${Math.ceil(size / 1000).toLocaleString('en-US')} kB`;
    throw new TidemarkError('bad-input', `There are too many texts: ${found}.`, {
      hint: `Give at most ${workloadLimits.texts.toLocaleString('en-US')} texts, and at most ${workloadLimits.jsonBytes / 1000} kB.`,
    });
  }
  return texts;
}

/**
 * How the network is built and evaluated. `faithful`: with mlx-audio's graph and dtypes, in MLX's own order. `lean`: the same speech
 * in the least memory.
 */
export const strategyNames = ['faithful', 'lean'] as const;

export type StrategyName = (typeof strategyNames)[number];

/** Absent where it is `faithful`, as in documents of older versions. */
export const strategy = v.exactOptional(v.picklist(strategyNames));

/** What a client asks for. */
export const workloadRequest = {
  /** One is said in each iteration, over and over; not together with `text` or `phonemes`. */
  texts: v.optional(textLines),
  /** Says them in an order that is drawn by the seed. */
  shuffled: v.optional(v.boolean()),
  /** Leaves MLX's cache as it is from one iteration to the next. */
  keepCache: v.optional(v.boolean()),
  /** What MLX's cache may hold; absent for MLX's own limit. */
  cacheLimitBytes: v.optional(bytes),
  ...engineRequest,
  strategy,
} as const;

/** One text of many. */
export const spokenText = v.object({
  /** Its line, from 1. */
  line: v.pipe(count, v.minValue(1)),
  text,
  /** One string for each utterance. */
  phonemes: v.pipe(v.array(text), v.minLength(1)),
});

export type SpokenText = v.InferOutput<typeof spokenText>;

/** As the settings of a run have it. Each is absent where it is not so, as in documents of older versions. */
export const settledWorkload = {
  /**
   * In the order in which they are said: one in each iteration, and again from the first. Where they are more than the
   * measured iterations, only so many of them are said, in a confirmation too.
   */
  texts: v.optional(v.pipe(v.array(spokenText), v.minLength(1))),
  /** Whether that order was drawn by the seed. */
  shuffled: v.optional(v.boolean()),
  /** Whether MLX's cache was emptied only once, before the first iteration. */
  keepCache: v.optional(v.boolean()),
  /** The limit of MLX's cache that was asked for. */
  cacheLimitBytes: v.optional(bytes),
  /** What of MLX was set for the process; absent where nothing was. */
  mlx: v.optional(mlxSettings),
  /** Absent where it is Tidemark's own, and `python` where it is the one that Tidemark makes. */
  ...engineRequest,
  strategy,
} as const;

/** As lists of runs have it: enough to tell what was said, without saying all of it. */
export const workloadSummary = v.object({
  /** How many texts, the first 200 characters of the first in the file, and a hash of all; absent without a list of them. */
  texts: v.optional(v.pipe(count, v.minValue(1))),
  firstText: v.optional(text),
  textsSha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u))),
  shuffled: v.optional(v.boolean()),
  keepCache: v.optional(v.boolean()),
  cacheLimitBytes: v.optional(bytes),
  mlx: v.optional(mlxSettings),
  engine: engineRequest.engine,
  /** Of a study by several, in order; then there is no `engine`. */
  engines: v.optional(v.array(v.picklist(engines))),
  pythonHeap: engineRequest.pythonHeap,
  strategy,
});

export type WorkloadSummary = v.InferOutput<typeof workloadSummary>;
