/** The steps of a run, which the profiler emits and the daemon passes on, and how far a run is. */

import * as v from 'valibot';
import { judgedChannels } from '../leak-verdicts.ts';
import { iterationSample, loadRecord } from '../profile-document.ts';
import { count, errorRecord, moment, text } from '../quantities.ts';
import { engines } from '../workload.ts';
import { runId, runKind, runRecord } from './run-record.ts';

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** Which engine is at work, in a study by several. */
const stepEngine = v.exactOptional(v.picklist(engines));

export const runStep = v.variant('kind', [
  v.object({ kind: v.literal('queued'), ahead: count }),
  /** The text is turned into phonemes, the model is found, fetched or built. `fraction` is of that, from 0 to 1. */
  v.object({ kind: v.literal('preparing'), message: text, fraction: v.optional(fraction) }),
  /** A study goes on to its next model, from 1. */
  v.object({ kind: v.literal('model'), model: text, place: count, of: count, engine: stepEngine }),
  v.object({ kind: v.literal('loading'), model: text }),
  v.object({ kind: v.literal('loaded'), model: text, load: loadRecord }),
  /** `place` counts from 1 within the phase, `of` being its length. */
  v.object({
    kind: v.literal('iteration'),
    phase: v.picklist(['warm-up', 'measured', 'confirmation']),
    place: count,
    of: count,
    model: text,
    sample: iterationSample,
  }),
  /** These channels rise, and so many more iterations will show whether they go on. */
  v.object({
    kind: v.literal('confirming'),
    channels: v.array(v.picklist(judgedChannels)),
    iterations: count,
  }),
  v.object({ kind: v.literal('attributing') }),
  /** One intervention of a study is done; `place` 0 is its beginning. */
  v.object({
    kind: v.literal('intervention'),
    name: v.optional(text),
    place: count,
    of: count,
    engine: stepEngine,
  }),
  /** A part of it failed; the run goes on, or is about to end. */
  v.object({ kind: v.literal('trouble'), what: text, error: errorRecord }),
  /** It is over; the record has everything. */
  v.object({ kind: v.literal('ended'), record: runRecord }),
]);

export type RunStep = v.InferOutput<typeof runStep>;

/** Receives each step of a run; where it is of trouble, with the error itself, since the record of one has no stack. */
export type OnStep = (step: RunStep, error?: unknown) => void;

export const runProgress = v.object({
  runId,
  runKind,
  at: moment,
  /** Iterations done of those asked for, over all models; a confirmation run raises the total. */
  done: count,
  total: count,
  step: runStep,
});

export type RunProgress = v.InferOutput<typeof runProgress>;
