/** The document of a profile: one model in its own process, iteration by iteration, and what each part of the network took. */

import * as v from 'valibot';
import { channelVerdict } from './leak-verdicts.ts';
import { device, modelRecord, versions } from './provenance.ts';
import { byteDifference, bytes, count, errorRecord, moment, seconds, spread, text } from './quantities.ts';
import { operationTrace } from './trace-document.ts';
import { settledWorkload } from './workload.ts';

const attributedPart = v.object({
  /** Of a stage ("generator"), or of a layer by its path in the checkpoint. */
  name: text,
  /** The stage that a layer ran in. */
  stage: v.exactOptional(text),
  activeBeforeBytes: bytes,
  activeAfterBytes: bytes,
  /** The most that was active while it ran, at least what was active before. */
  peakBytes: bytes,
  /** The peak less what was active before. */
  transientBytes: bytes,
  /** What it gave. */
  outputs: v.array(v.object({ name: text, shape: v.array(count), dtype: text, bytes })),
  seconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

export type AttributedPart = v.InferOutput<typeof attributedPart>;

/**
 * How finely a profile's memory is attributed. With `operations` there is a trace of each operation beside the parts, which are the
 * stages.
 */
export const granularities = ['stages', 'layers', 'operations'] as const;

export type Granularity = (typeof granularities)[number];

export const attribution = v.object({
  granularity: v.picklist(granularities),
  /** In the order in which they ran. */
  parts: v.array(attributedPart),
  /** The peak of the instrumented run: borders change what is evaluated together, so it differs from the plain one. */
  instrumentedPeakBytes: bytes,
  /** The median peak of the iterations without borders, beside it. */
  plainPeakBytes: bytes,
  /** What was alive in the part that peaked highest: weights by dtype, the values that passed between parts by dtype, the rest. */
  aliveAtPeak: v.object({
    part: text,
    weightBytesByDtype: v.record(v.string(), bytes),
    valueBytesByDtype: v.record(v.string(), bytes),
    /** Temporaries inside the part. */
    temporaryBytes: bytes,
  }),
  /** Where the granularity is `operations`: one trace for each order of evaluation that was asked for. */
  traces: v.exactOptional(v.array(operationTrace)),
});

export type Attribution = v.InferOutput<typeof attribution>;

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const profileSchemaVersion = 1;

/** How a text is read. */
export const spokenLanguage = v.picklist(['american', 'british']);

/** What of a text has no sound in English, and is not said. */
export const droppedCharacters = v.object({
  /** How many characters in all. */
  count: v.pipe(count, v.minValue(1)),
  /** Each once, the most frequent first; no more than 20 of them. */
  characters: v.pipe(
    v.array(v.object({ character: text, count: v.pipe(count, v.minValue(1)) })),
    v.minLength(1),
    v.maxLength(20),
  ),
});

export type DroppedCharacters = v.InferOutput<typeof droppedCharacters>;

/** Who made the phonemes of a run by another engine than Tidemark's own: Tidemark, or misaki, or whoever gave them. */
export const phonemeSources = ['tidemark', 'misaki', 'given'] as const;

/** Where phonemes came from. Absent for Tidemark's own engine, whose phonemes are its own where there is a text. */
export const phonemeOrigin = {
  /** misaki's version is among those of the packages. */
  phonemesFrom: v.optional(v.picklist(phonemeSources)),
  /** Why misaki could not be used, or what it could not do. */
  phonemesNote: v.optional(text),
} as const;

export const profileSettings = v.object({
  /** The text as given; absent where phonemes were, or many texts. */
  text: v.optional(text),
  /**
   * What the network says in an iteration: one string of phonemes for each utterance, one after the other. Where there are
   * many texts, those of the longest.
   */
  phonemes: v.pipe(v.array(text), v.minLength(1)),
  ...phonemeOrigin,
  voice: text,
  /** How the text was read, where that was asked for; otherwise the voice's name decides. */
  language: v.optional(spokenLanguage),
  /** Absent where everything is said. */
  dropped: v.optional(droppedCharacters),
  /** How many iterations were asked for, warm-up apart. */
  iterations: v.pipe(count, v.minValue(1)),
  warmupIterations: count,
  /** MLX's generator starts from it in every iteration, so that all of them do the same work. */
  seed: count,
  /** Whether the excitation's noise and initial phases were zero. */
  deterministic: v.boolean(),
  speed: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  ...settledWorkload,
});

export type ProfileSettings = v.InferOutput<typeof profileSettings>;

export const loadRecord = v.object({
  /** Once the weights are in memory, and nothing else. */
  activeBytes: bytes,
  /** The most that was active while they were read. */
  peakBytes: bytes,
  seconds,
  /** What the voice adds to it, from here on. */
  voiceBytes: bytes,
  weightTensors: count,
  /** The weights and the voice: what should be alive between iterations, and nothing else. */
  liveTensors: count,
  /** What the process weighed before the weights were loaded, and with weights and voice. */
  footprintBeforeBytes: bytes,
  footprintBytes: bytes,
  /** As of an iteration. */
  deviceBytes: v.exactOptional(bytes),
});

export type LoadRecord = v.InferOutput<typeof loadRecord>;

export const iterationSample = v.object({
  /** Its place among all iterations, the warm-up included, from 0. */
  index: count,
  warmup: v.boolean(),
  /** Of the text that was said, its place in the settings' texts, from 0; absent where there is one text only. */
  textIndex: v.exactOptional(count),
  /** Of all its utterances, with the boundaries that the network reads at both ends of each. */
  tokens: v.exactOptional(count),
  /**
   * Its utterances of so many tokens and samples as the run had not said before. MLX's allocator gives no buffer of another
   * size, so a new shape is what makes its cache grow.
   */
  newShapes: v.exactOptional(count),
  /** Active memory before, and again after, each time with the garbage collected and the cache cleared or left as it is. */
  activeBeforeBytes: bytes,
  activeBytes: bytes,
  /** The most that was active while the text was spoken. */
  peakBytes: bytes,
  /** What MLX's allocator held for reuse when the text began: nothing, unless the run keeps the cache. */
  cacheBeforeBytes: v.exactOptional(bytes),
  /** What it held right after, before it was cleared. */
  cacheBytes: bytes,
  seconds,
  audioSeconds: seconds,
  samples: count,
  liveTensors: count,
  /** Tensors that the collector found before anyone disposed of them, since the process began. */
  undisposedTensors: count,
  /** The process as the system sees it: phys_footprint on macOS, the resident set on Linux. */
  footprintBytes: bytes,
  /** On a Mac, where it trails a cleared cache: how long it was waited for until it stood still, after the work and its time. */
  footprintSeconds: v.exactOptional(seconds),
  /**
   * What the GPU's driver counts for the process, with MLX's active memory and its cache in it: NVML's figure with CUDA, Metal's
   * `currentAllocatedSize` on a Mac. Absent on a CPU, and where the driver does not say.
   */
  deviceBytes: v.exactOptional(bytes),
  /** In use in V8's heap. Of a host in Python: the sizes of all objects that its collector tracks. */
  heapBytes: bytes,
  /** How many objects Python's collector tracks; absent for a host that is not in Python. */
  trackedObjects: v.exactOptional(count),
  /** Where Python's heap is traced: what is alive of all that it allocated since the run began. */
  pythonHeapBytes: v.exactOptional(bytes),
  openFileDescriptors: count,
});

export type IterationSample = v.InferOutput<typeof iterationSample>;

export const outcome = v.variant('status', [
  v.object({ status: v.literal('complete') }),
  /** Stopped from outside: by a person, or by a signal to the host. The samples so far hold. */
  v.object({ status: v.literal('interrupted'), reason: text, signal: v.optional(text) }),
  /** The work itself failed. The samples so far hold. */
  v.object({ status: v.literal('failed'), reason: text, error: errorRecord }),
]);

export type Outcome = v.InferOutput<typeof outcome>;

/** Over the measured iterations; the warm-up is left out. */
export const profileSummary = v.object({
  iterations: v.pipe(count, v.minValue(1)),
  active: v.object({
    firstBytes: bytes,
    lastBytes: bytes,
    minimumBytes: bytes,
    maximumBytes: bytes,
    /** Last less first. */
    growthBytes: byteDifference,
    /** `constant`: the same to the byte after every iteration. `varied`: not, though the ends are equal. */
    course: v.picklist(['constant', 'grew', 'shrank', 'varied']),
  }),
  peakBytes: spread(bytes),
  /** Each peak less what was active before it. */
  transientBytes: spread(bytes),
  cacheBytes: spread(bytes),
  footprintBytes: spread(bytes),
  seconds: spread(seconds),
  audioSeconds: spread(seconds),
  samples: spread(count),
  /** Median seconds over median seconds of audio: below 1 is faster than the audio plays. */
  realTimeFactor: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  /** The most tensors that were alive after an iteration, beyond the weights and the voice. */
  extraTensors: v.pipe(v.number(), v.safeInteger()),
  /** Tensors that the collector had to find during these iterations. */
  undisposedTensors: count,
});

export type ProfileSummary = v.InferOutput<typeof profileSummary>;

interface Iterated {
  readonly iterations: readonly { readonly index: number; readonly warmup: boolean }[];
  readonly settings: { readonly warmupIterations: number };
}

/** Of any run: its iterations are numbered, and the warm-up comes first, as long as the settings say. */
export const iterationsInOrder = <Run extends Iterated>(): v.CheckAction<Run, string> =>
  v.check(
    ({ iterations, settings: { warmupIterations } }) =>
      iterations.every(({ index, warmup }, place) => index === place && warmup === index < warmupIterations),
    'iterations are numbered from 0 without a gap, the warm-up first and as long as the settings say',
  );

export const profileDocument = v.pipe(
  v.object({
    kind: v.literal('profile'),
    schemaVersion: v.literal(profileSchemaVersion),
    startedAt: moment,
    /** From the host's start to its end. */
    seconds,
    model: modelRecord,
    device,
    versions,
    settings: profileSettings,
    load: loadRecord,
    /** What MLX's cache could hold in this run: what the settings ask for, or else MLX's own limit. */
    cacheLimitBytes: v.optional(bytes),
    iterations: v.array(iterationSample),
    /** The leak rule's second look, where a channel rose: iterations after the ones above, in the same process. */
    confirmation: v.optional(v.array(iterationSample)),
    /** What each channel says about leaks, where the rule was asked. */
    leaks: v.optional(v.array(channelVerdict)),
    /** Which parts took how much, where borders were set between them. */
    attribution: v.optional(attribution),
    /** Absent where the run ended before its first measured iteration. */
    summary: v.optional(profileSummary),
    outcome,
  }),
  iterationsInOrder(),
  v.check(
    ({ iterations }) =>
      iterations.every(({ peakBytes, activeBeforeBytes }) => peakBytes >= activeBeforeBytes),
    'a peak is at least what was active before it',
  ),
  v.check(
    ({ outcome: { status }, iterations, settings }) =>
      status !== 'complete' || iterations.length === settings.warmupIterations + settings.iterations,
    'a complete run has every iteration that was asked for',
  ),
  v.check(
    ({ iterations, confirmation = [], settings: { texts } }) =>
      [...iterations, ...confirmation].every(({ textIndex }) =>
        texts === undefined ? textIndex === undefined : textIndex !== undefined && textIndex < texts.length,
      ),
    'an iteration names one of the texts, where there are several',
  ),
  v.check(
    ({ model: { tensorBytes, bytesByDtype } }) =>
      Object.values(bytesByDtype).reduce((sum, each) => sum + each, 0) === tensorBytes,
    "a model's bytes by dtype add up to its bytes",
  ),
);

export type ProfileDocument = v.InferOutput<typeof profileDocument>;
