/** The document of a comparison: whether one measurement is worse than another, by more than its noise. */

import * as v from 'valibot';
import { judgedChannels } from './leak-verdicts.ts';
import { moment, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const comparisonSchemaVersion = 1;

const changeStatus = v.picklist([
  /** Lower by more than the noise, and by more than the threshold. */
  'better',
  /** Higher by more than the noise, and by more than the threshold. */
  'worse',
  /** Whatever the difference is, it is smaller than the threshold. */
  'same',
  /** The noise, or what was measured, allows none of the three to be said. */
  'inconclusive',
]);

export type ChangeStatus = v.InferOutput<typeof changeStatus>;

const finite = v.pipe(v.number(), v.finite());

/** Values of measured iterations: how many, and their middle. */
const middle = v.object({ count: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), median: finite });

const metricChange = v.object({
  metric: v.picklist(['active', 'peak', 'seconds']),
  unit: v.picklist(['bytes', 'seconds']),
  status: changeStatus,
  /** Absent where nothing was measured, or not numbers. */
  before: v.exactOptional(middle),
  after: v.exactOptional(middle),
  /** After less before, with its 99% interval; absent where there are too few iterations for one. */
  difference: v.exactOptional(v.object({ estimate: finite, low: finite, high: finite })),
  /** The difference as a share of the median before. */
  share: v.exactOptional(finite),
  /** The share from which a difference counts. */
  threshold: v.pipe(finite, v.minValue(0)),
  /** What it comes down to, in one sentence. */
  sentence: text,
  /** Why nothing can be said, with its figures, as a clause; of an inconclusive change only. */
  reason: v.exactOptional(text),
});

export type MetricChange = v.InferOutput<typeof metricChange>;

const modelChange = v.object({
  before: text,
  after: text,
  status: changeStatus,
  metrics: v.array(metricChange),
  /** Channels in which the second run leaks and the first does not. */
  newLeaks: v.array(v.picklist(judgedChannels)),
  /** What makes the two less alike than they could be, as sentences. */
  warnings: v.array(text),
});

export type ModelChange = v.InferOutput<typeof modelChange>;

const comparedDocument = v.object({
  /** Where it was read. */
  file: text,
  kind: v.picklist(['profile', 'study', 'watch']),
  startedAt: moment,
});

export const comparisonDocument = v.object({
  kind: v.literal('comparison'),
  schemaVersion: v.literal(comparisonSchemaVersion),
  before: comparedDocument,
  after: comparedDocument,
  models: v.pipe(v.array(modelChange), v.minLength(1)),
  /** Models of which only one of the two has a run. */
  unmatched: v.array(v.object({ model: text, onlyIn: v.picklist(['before', 'after']) })),
  /** The worst of the models; `inconclusive` where a model has no counterpart and nothing is worse. */
  status: changeStatus,
  sentence: text,
});

export type ComparisonDocument = v.InferOutput<typeof comparisonDocument>;
