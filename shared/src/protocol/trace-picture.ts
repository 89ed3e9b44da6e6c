/** What is drawn of a trace: memory over its operations in so many columns as there is room for, by what holds it. */

import * as v from 'valibot';
import { bytes, count, seconds, text } from './quantities.ts';
import { evaluationOrders } from './trace-document.ts';

/**
 * What memory is for, from the bottom up. `weights`: what was loaded. `other`: inputs, constants, and what no buffer accounts for.
 * `from-weights`: what was made of weights alone, as a dense copy. `stage`: what operations of a stage made. `temporary`: what an
 * operation needed beside what it read and gave.
 */
export const bandKinds = ['weights', 'other', 'from-weights', 'stage', 'temporary'] as const;

export type BandKind = (typeof bandKinds)[number];

/** One operation, in words and figures. */
const tracedOperation = v.object({
  /** Its place, from 0. */
  place: count,
  name: text,
  layer: text,
  stage: text,
  shape: v.array(count),
  dtype: text,
  bytes,
  activeBytes: bytes,
  peakBytes: bytes,
  /** Since the first operation began. */
  startSeconds: seconds,
});

export type TracedOperation = v.InferOutput<typeof tracedOperation>;

export const tracePicture = v.object({
  model: text,
  order: v.picklist(evaluationOrders),
  /** As of the trace. */
  queued: v.exactOptional(v.boolean()),
  operations: count,
  /** Of all operations together. */
  seconds,
  /** The operation with the highest peak; absent where there is no operation. */
  peak: v.exactOptional(tracedOperation),
  bands: v.array(v.object({ kind: v.picklist(bandKinds), name: text })),
  /** One entry a column, each for the operations from its share of them on, by the one with the highest peak. */
  columns: v.object({
    /** When the first operation of the column began. */
    startSeconds: v.array(seconds),
    /** Of each band. */
    bytes: v.array(v.array(bytes)),
  }),
});

export type TracePicture = v.InferOutput<typeof tracePicture>;
