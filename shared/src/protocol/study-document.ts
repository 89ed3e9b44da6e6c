/** The document of a study: several models measured alike, each in a process of its own, and how they compare. */

import * as v from 'valibot';
import { profileDocument, profileSettings } from './profile-document.ts';
import { byteDifference, bytes, errorRecord, moment, seconds, text } from './quantities.ts';
import { studyAnswer } from './study-evidence.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const studySchemaVersion = 1;

/** One model's measured memory beside the baseline's. */
export const modelDifference = v.object({
  model: text,
  /** Median peak less the baseline's, and that as a share of the baseline's. */
  peakBytes: byteDifference,
  peakShare: v.pipe(v.number(), v.finite()),
  /**
   * `above` or `below`: every peak that was measured lies beyond every one of the baseline. `unclear`: some do not, or
   * there are too few of them, so the difference of the medians may be chance.
   */
  peakRelation: v.picklist(['above', 'below', 'unclear']),
  loadActiveBytes: byteDifference,
  transientBytes: byteDifference,
  /** Samples of audio less the baseline's: where it is not 0, the two did unequal work. */
  samples: byteDifference,
});

export type ModelDifference = v.InferOutput<typeof modelDifference>;

export const studyComparison = v.object({
  /** The model that the others are held against: the first whose weights are all bfloat16. */
  baseline: text,
  baselinePeakBytes: bytes,
  differences: v.array(modelDifference),
});

export type StudyComparison = v.InferOutput<typeof studyComparison>;

export const studyDocument = v.object({
  kind: v.literal('study'),
  schemaVersion: v.literal(studySchemaVersion),
  startedAt: moment,
  seconds,
  /** The models as they were asked for, in order. */
  models: v.pipe(v.array(text), v.minLength(1)),
  settings: profileSettings,
  /** One document for each model that was loaded, in order; one that ended early has an outcome that says so. */
  runs: v.array(profileDocument),
  /** Models of which there is no run: they could not be found, built or loaded. */
  failures: v.array(v.object({ model: text, error: errorRecord })),
  /** Models that were not begun, since the study was stopped. */
  skipped: v.array(text),
  /** Absent where no run with a bfloat16 model was measured. */
  comparison: v.optional(studyComparison),
  /** The verdicts and what they rest on, where interventions were measured. */
  answer: v.optional(studyAnswer),
  /** What was found, in sentences that rest on the figures above and on nothing else. */
  conclusion: text,
  outcome: v.picklist(['complete', 'interrupted', 'failed']),
});

export type StudyDocument = v.InferOutput<typeof studyDocument>;
