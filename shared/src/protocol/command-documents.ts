/** The documents of commands that measure little or nothing: errors, speech, the catalog, the doctor, and the self-test. */

import * as v from 'valibot';
import { channelVerdict, judgedChannels } from './leak-verdicts.ts';
import {
  droppedCharacters,
  iterationSample,
  phonemeOrigin,
  profileSettings,
  spokenLanguage,
} from './profile-document.ts';
import { mlxSettings } from './mlx-settings.ts';
import { engineRequest, strategy } from './workload.ts';
import { device, modelRecord, versions } from './provenance.ts';
import { bytes, count, errorRecord, moment, seconds, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const errorSchemaVersion = 1;

export const errorDocument = v.object({
  kind: v.literal('error'),
  schemaVersion: v.literal(errorSchemaVersion),
  error: errorRecord,
});

export type ErrorDocument = v.InferOutput<typeof errorDocument>;

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
    ...phonemeOrigin,
    voice: text,
    language: v.optional(spokenLanguage),
    dropped: v.optional(droppedCharacters),
    seed: count,
    deterministic: v.boolean(),
    speed: v.pipe(v.number(), v.finite(), v.gtValue(0)),
    mlx: v.optional(mlxSettings),
    ...engineRequest,
    strategy,
  }),
  audio: v.object({
    /** `-` for standard output. */
    file: text,
    fileBytes: bytes,
    format: v.picklist(['int16', 'float32']),
    /** Whether the samples have no header. */
    raw: v.optional(v.literal(true)),
    /** In Hz. */
    sampleRate: v.pipe(count, v.minValue(1)),
    samples: count,
    seconds,
  }),
  /** What synthesis took, loading apart. */
  synthesisSeconds: seconds,
  /** Since the command was started. */
  timing: v.object({
    loadedSeconds: seconds,
    /** When the first audio was given out: with the first utterance if it is streamed, else with all of it. */
    firstAudioSeconds: seconds,
    wholeSeconds: seconds,
  }),
});

export type SayDocument = v.InferOutput<typeof sayDocument>;

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const modelsSchemaVersion = 1;

const catalogueModel = v.object({
  name: text,
  description: text,
  /** What the layers that cannot be quantized are in. */
  rest: v.picklist(['float32', 'bfloat16']),
  /** Absent where nothing is quantized. */
  bits: v.optional(count),
  /** About what loading it takes; known before it is built. */
  tensorBytes: bytes,
  /** A `damaged` one is built again when it is next used. */
  state: v.picklist(['built', 'absent', 'damaged']),
  folder: text,
  diskBytes: bytes,
});

export const modelsDocument = v.object({
  kind: v.literal('models'),
  schemaVersion: v.literal(modelsSchemaVersion),
  dataFolder: text,
  models: v.array(catalogueModel),
  /** Kokoro checkpoints of repositories that are in the Hugging Face cache with all their files, by id. */
  downloaded: v.optional(v.array(v.object({ repository: text, folder: text, diskBytes: bytes }))),
  /** The packaged voices, which every model can speak with; English ones take text. */
  voices: v.optional(v.array(v.object({ name: text, language: text, acceptsText: v.boolean() }))),
  /** What can be asked to load and run a model; an older daemon, which knows its own engine only, does not say. */
  engines: v.optional(v.array(text)),
  /** What the command did, where it did something: what was built, or removed and how much that freed. */
  built: v.optional(v.array(text)),
  removed: v.optional(v.array(v.object({ name: text, freedBytes: bytes }))),
});

export type ModelsDocument = v.InferOutput<typeof modelsDocument>;

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const doctorSchemaVersion = 1;

export const check = v.object({
  /** A stable name for scripts. */
  id: text,
  title: text,
  /** `warn`: measuring works, or will, but something deserves a look. */
  status: v.picklist(['ok', 'warn', 'fail']),
  /** What was found. */
  detail: text,
  /** What to do about it. */
  remedy: v.optional(text),
});

export type Check = v.InferOutput<typeof check>;

export const doctorDocument = v.object({
  kind: v.literal('doctor'),
  schemaVersion: v.literal(doctorSchemaVersion),
  checkedAt: moment,
  /** The worst of the checks. */
  status: check.entries.status,
  checks: v.pipe(v.array(check), v.minLength(1)),
  /** Absent where no host could be started. */
  device: v.optional(device),
  versions: v.optional(versions),
});

export type DoctorDocument = v.InferOutput<typeof doctorDocument>;

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
  'python-object',
  'undisposed-handle',
  'reference-cycle',
  'file-descriptor',
  'growing-cache',
  'nothing',
  'bounded-cache',
  'one-step',
  'varying-lengths',
  'limited-cache',
] as const;

export type PlantKind = (typeof plantKinds)[number];

/** A leak's measured rate may differ from the planted one by this share. */
export const rateTolerance = 0.1;

/** Bytes, tensors or files per iteration. */
const rate = v.pipe(v.number(), v.finite());

const plantResult = v.object({
  plant: v.picklist(plantKinds),
  /** What was planted, in words. */
  description: text,
  /** The channel in which the leak must be found; absent for what is no leak. */
  channel: v.optional(v.picklist(judgedChannels)),
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
