/** Which parts of the network take how much: figures read at the borders between them. */

import * as v from 'valibot';
import { bytes, count, text } from './quantities.ts';

export const attributedPart = v.object({
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

export const attribution = v.object({
  granularity: v.picklist(['stages', 'layers']),
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
});

export type Attribution = v.InferOutput<typeof attribution>;
