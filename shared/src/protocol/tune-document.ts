/** The document of a tuning: the peak and the time of one model with each setting of MLX's, and the best trade. */

import * as v from 'valibot';
import { mlxSettings } from './mlx-settings.ts';
import { profileSettings } from './profile-document.ts';
import { device, modelRecord, versions } from './provenance.ts';
import { bytes, count, errorRecord, moment, seconds, spread, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const tuneSchemaVersion = 1;

const ratio = v.pipe(v.number(), v.finite(), v.minValue(0));

/** What one process measured. In a round every setting has one, and what is compared is of the same round. */
export const tuneRound = v.object({
  /** From 0. */
  round: count,
  /** Of each measured iteration. */
  peakBytes: v.pipe(v.array(bytes), v.minLength(1)),
  seconds: v.pipe(v.array(seconds), v.minLength(1)),
});

export type TuneRound = v.InferOutput<typeof tuneRound>;

export const tunePoint = v.object({
  /** Empty for MLX as it is by itself. */
  mlx: mlxSettings,
  rounds: v.pipe(v.array(tuneRound), v.minLength(1)),
  /** Over the measured iterations of all rounds. */
  peakBytes: spread(bytes),
  seconds: spread(seconds),
  /** Of each round's median peak and lower quartile of times, relative to MLX by itself in that round: 0.72 is 28% off. */
  peakRatio: spread(ratio),
  timeRatio: spread(ratio),
  /** Whether no other setting beats it in peak and time; a time below that of MLX by itself counts as equal to it. */
  onFront: v.boolean(),
  /** Whether the speech was the same to the bit as with MLX by itself. */
  sameAudio: v.boolean(),
});

export type TunePoint = v.InferOutput<typeof tunePoint>;

export const tuneDocument = v.object({
  kind: v.literal('tune'),
  schemaVersion: v.literal(tuneSchemaVersion),
  startedAt: moment,
  seconds,
  model: modelRecord,
  device,
  versions,
  settings: profileSettings,
  /** With weights and voice loaded: below it no setting can bring the peak. */
  activeBytes: bytes,
  /** MLX by itself first. */
  points: v.pipe(v.array(tunePoint), v.minLength(1)),
  /** Settings that could not be measured. */
  failures: v.array(v.object({ mlx: mlxSettings, error: errorRecord })),
  /** The point with the best trade, by its place in `points`; absent where none is better than MLX by itself. */
  knee: v.exactOptional(v.pipe(count, v.minValue(1))),
  /** What it comes down to, in sentences. */
  conclusion: text,
});

export type TuneDocument = v.InferOutput<typeof tuneDocument>;
