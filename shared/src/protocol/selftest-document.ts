/** The document of a self-test: leaks planted on purpose in real hosts, and whether the leak rule found them. */

import * as v from 'valibot';
import { device, versions } from './environment.ts';
import { channelVerdict, leakChannels } from './leak-verdicts.ts';
import { modelRecord } from './model-record.ts';
import { iterationSample, profileSettings } from './profile-document.ts';
import { errorRecord, moment, seconds, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const selftestSchemaVersion = 1;

/** Leaks, and then what is none and must not be called one. */
export const plantKinds = [
  'tensor-4-bytes',
  'tensor-16-kibibytes',
  'tensor-1-mebibyte',
  'every-third-iteration',
  'native-malloc',
  'javascript-object',
  'undisposed-handle',
  'file-descriptor',
  'nothing',
  'bounded-cache',
  'one-step',
  'varying-lengths',
] as const;

export type PlantKind = (typeof plantKinds)[number];

/** A leak's measured rate may differ from the planted one by this share. */
export const rateTolerance = 0.1;

/** Bytes, tensors or files per iteration. */
const rate = v.pipe(v.number(), v.finite());

export const plantResult = v.object({
  plant: v.picklist(plantKinds),
  /** What was planted, in words. */
  description: text,
  /** The channel in which the leak must be found; absent for what is no leak. */
  channel: v.optional(v.picklist(leakChannels)),
  /** What was planted and what was measured in that channel, per iteration of the confirmation run. */
  plantedRate: v.optional(rate),
  measuredRate: v.optional(rate),
  result: v.picklist([
    /** A leak that was found at its rate, or no leak, and left alone. */
    'as-expected',
    'missed',
    /** Found, at a rate that is further from the planted one than {@link rateTolerance} allows. */
    'wrong-rate',
    /** A leak was called in a channel in which there is none. */
    'false-alarm',
    /** The run did not come to its end. */
    'failed',
  ]),
  /** Why it is not as expected, in a sentence. */
  reason: v.optional(text),
  error: v.optional(errorRecord),
  seconds,
  iterations: v.array(iterationSample),
  confirmation: v.optional(v.array(iterationSample)),
  leaks: v.array(channelVerdict),
});

export type PlantResult = v.InferOutput<typeof plantResult>;

export const selftestDocument = v.pipe(
  v.object({
    kind: v.literal('selftest'),
    schemaVersion: v.literal(selftestSchemaVersion),
    startedAt: moment,
    seconds,
    model: modelRecord,
    device,
    versions,
    settings: profileSettings,
    /** In the order of {@link plantKinds}; fewer where it was stopped. */
    plants: v.array(plantResult),
    outcome: v.picklist(['passed', 'failed', 'interrupted']),
  }),
  v.check(
    ({ plants, outcome }) => outcome !== 'passed' || plants.every(({ result }) => result === 'as-expected'),
    'a self-test passes only where every plant is as expected',
  ),
);

export type SelftestDocument = v.InferOutput<typeof selftestDocument>;
