/** The document of one spoken text: what was written, and how it was made. */

import * as v from 'valibot';
import { device, versions } from './environment.ts';
import { modelRecord } from './model-record.ts';
import { bytes, count, moment, seconds, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const saySchemaVersion = 1;

export const sayDocument = v.object({
  kind: v.literal('say'),
  schemaVersion: v.literal(saySchemaVersion),
  startedAt: moment,
  model: modelRecord,
  device,
  versions,
  settings: v.object({
    text: v.optional(text),
    phonemes: v.pipe(v.array(text), v.minLength(1)),
    voice: text,
    seed: count,
    deterministic: v.boolean(),
    speed: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  }),
  audio: v.object({
    file: text,
    fileBytes: bytes,
    format: v.picklist(['int16', 'float32']),
    /** In Hz. */
    sampleRate: v.pipe(count, v.minValue(1)),
    samples: count,
    seconds,
  }),
  /** What synthesis took, loading apart. */
  synthesisSeconds: seconds,
});

export type SayDocument = v.InferOutput<typeof sayDocument>;
