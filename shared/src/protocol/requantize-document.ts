/** The document of a checkpoint that was made from another one, and of what the two were measured to do. */

import * as v from 'valibot';
import { device, modelRecord, versions } from './provenance.ts';
import { loadRecord, profileSettings, profileSummary } from './profile-document.ts';
import { bytes, count, moment, seconds, text } from './quantities.ts';
import { shift } from './study-document.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const requantizeSchemaVersion = 1;

/** One of the two, in a process of its own. */
const measuredCheckpoint = v.object({
  load: loadRecord,
  summary: profileSummary,
  /** Of each measured iteration. */
  peakBytes: v.pipe(v.array(bytes), v.minLength(1)),
  /** What it predicts for the text, over all utterances; a frame is 600 samples in Kokoro-82M. */
  frames: count,
  /** Of all utterances, with its own durations. */
  samples: count,
});

export type MeasuredCheckpoint = v.InferOutput<typeof measuredCheckpoint>;

const correlation = v.pipe(v.number(), v.minValue(-1), v.maxValue(1));

export const verification = v.object({
  device,
  versions,
  settings: profileSettings,
  original: measuredCheckpoint,
  result: measuredCheckpoint,
  /** How far the result's peaks lie above the original's, with a two-sided 95% interval. */
  peakDifference: shift,
  audio: v.object({
    /** The result's less the original's, each with its own durations. */
    frameDifference: v.pipe(v.number(), v.safeInteger()),
    sampleDifference: v.pipe(v.number(), v.safeInteger()),
    /**
     * Of the log-mel spectrograms, the original's durations replayed in the result, so that like is compared with like.
     * Absent where there is nothing to compare: silence, or a sample that is not finite.
     */
    likeness: v.exactOptional(
      v.object({ correlation, distanceDecibels: v.pipe(v.number(), v.finite(), v.minValue(0)) }),
    ),
  }),
  /** What it comes down to, in a sentence. */
  conclusion: text,
});

export type Verification = v.InferOutput<typeof verification>;

export const requantizeDocument = v.object({
  kind: v.literal('requantize'),
  schemaVersion: v.literal(requantizeSchemaVersion),
  startedAt: moment,
  seconds,
  source: modelRecord,
  result: modelRecord,
  /** The folder that was written, as an absolute path. */
  folder: text,
  options: v.object({
    bits: v.exactOptional(count),
    groupSize: v.exactOptional(count),
    rest: v.exactOptional(v.picklist(['float32', 'bfloat16'])),
    fuseWeightNorm: v.boolean(),
  }),
  /** What was done, in phrases. */
  changes: v.array(text),
  /** Quantized layers whose packed weights are the source's to the bit, that were packed, and that were packed again. */
  modules: v.object({ kept: count, packed: count, repacked: count }),
  castTensors: count,
  fusedConvolutions: count,
  /** Whose loaders take it. */
  loadsIn: v.pipe(v.array(v.picklist(['tidemark', 'mlx-audio'])), v.minLength(1)),
  /** What the x-ray of the result comes down to. */
  reading: text,
  warnings: v.array(text),
  verification: v.exactOptional(verification),
});

export type RequantizeDocument = v.InferOutput<typeof requantizeDocument>;
