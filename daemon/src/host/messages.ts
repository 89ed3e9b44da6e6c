/** What passes between a model host and its parent: requests, results and failures as schemas, one pair a method. */

import * as v from 'valibot';
import { device, versions } from '@tidemark/shared/protocol/provenance.ts';
import {
  attribution,
  granularities,
  iterationSample,
  loadRecord,
  spokenLanguage,
} from '@tidemark/shared/protocol/profile-document.ts';
import { traceOrders } from '@tidemark/shared/protocol/trace-document.ts';
import { allocationSites } from '@tidemark/shared/protocol/leak-verdicts.ts';
import { bytes, count, errorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { plantKinds } from '@tidemark/shared/protocol/command-documents.ts';
import { strategyNames } from '@tidemark/shared/protocol/workload.ts';
import { layerTransient, unresetSequence } from '@tidemark/shared/protocol/study-document.ts';

/** What a host says of itself as soon as libmlx is loaded. */
const hostDescription = v.object({ pid: count, device, versions });

export type HostDescription = v.InferOutput<typeof hostDescription>;

const loadParameters = v.object({
  /** The checkpoint's folder, and the voice's safetensors file. */
  folder: v.string(),
  voiceFile: v.string(),
  /** What an arm of a study changes in the weights. */
  alterations: v.optional(
    v.object({
      restDType: v.optional(v.picklist(['float32', 'bfloat16'])),
      dense: v.optional(v.boolean()),
      fuseWeightNorm: v.optional(v.boolean()),
      quantizedProduct: v.optional(v.picklist(['mlx', 'blocked'])),
    }),
  ),
  /** How the network is built and evaluated; `faithful` where it is absent. */
  strategy: v.optional(v.picklist(strategyNames)),
  /** How much freed memory MLX's allocator may hold, in bytes; its own default where it is absent. */
  cacheLimitBytes: v.optional(count),
  /** From how much active memory on MLX waits for queued work, in bytes; its own default where it is absent. */
  memoryLimitBytes: v.optional(count),
});

const manner = {
  deterministic: v.boolean(),
  speed: v.number(),
  /** What an arm of a study changes in the way of speaking. */
  graphs: v.optional(v.picklist(['whole', 'stage'])),
  activations: v.optional(v.literal('bfloat16')),
};

/** For each utterance, the frames of its tokens. */
const durations = v.array(v.array(count));

const iterationParameters = v.object({
  index: count,
  warmup: v.boolean(),
  /** One string an utterance; they are spoken one after the other. */
  phonemes: v.array(v.string()),
  /** Which of the run's texts it is; for the sample, which carries it. */
  textIndex: v.optional(count),
  /** Leaves MLX's cache as it is before and after. */
  keepCache: v.optional(v.boolean()),
  /** Replayed in the place of what the network would predict. */
  durations: v.optional(durations),
  seed: count,
  ...manner,
});

const cacheParameters = v.object({
  /** What the cache may hold from now on; absent for MLX's own limit. */
  limitBytes: v.optional(bytes),
  /** Whether Python's heap is traced from now on. */
  traceHeap: v.optional(v.boolean()),
});

const synthesisParameters = v.object({
  phonemes: v.string(),
  /** Where it is absent, MLX's generator goes on from where it is. */
  seed: v.optional(count),
  /** The frames of each token, in the place of what the network would predict. */
  durations: v.optional(v.array(count)),
  ...manner,
});

const durationParameters = v.object({ phonemes: v.array(v.string()), speed: v.number() });

const attributionParameters = v.object({
  phonemes: v.array(v.string()),
  seed: count,
  granularity: v.picklist(granularities),
  /** Of `operations`. */
  order: v.optional(v.picklist(traceOrders)),
  deterministic: v.boolean(),
  speed: v.number(),
});

/** All of an attribution but what only the iterations without borders know. */
const attributionReading = v.omit(attribution, ['plainPeakBytes']);

export type AttributionReading = v.InferOutput<typeof attributionReading>;

const sequenceParameters = v.object({
  /** Loaded, spoken with and let go one after the other, the peak never reset. */
  models: v.array(v.object({ model: v.string(), folder: v.string() })),
  voiceFile: v.string(),
  phonemes: v.array(v.string()),
  seed: count,
  deterministic: v.boolean(),
  speed: v.number(),
});

const plantParameters = v.object({
  kind: v.picklist(plantKinds),
  /** Of the iteration after which it is planted, from 0. */
  index: count,
});

const synthesis = v.object({
  audio: v.union([
    v.custom<Float32Array>((value) => value instanceof Float32Array),
    // Of a host that speaks JSON: its bytes in base64.
    v.pipe(
      v.string(),
      v.base64(),
      v.transform((encoded) => new Float32Array(Uint8Array.from(Buffer.from(encoded, 'base64')).buffer)),
    ),
  ]),
  /** In Hz. */
  sampleRate: count,
});

/** Memory as it is, without any collecting or clearing before. */
const memoryFigures = v.object({
  activeBytes: bytes,
  peakBytes: bytes,
  cacheBytes: bytes,
  footprintBytes: bytes,
});

const phonemesParameters = v.object({ texts: v.array(v.string()), language: spokenLanguage });

/** What an engine's own text front end makes of texts. */
const readTexts = v.object({
  /** The utterances of each text; absent where it has no such front end. */
  phonemes: v.exactOptional(v.array(v.array(v.string()))),
  /** Why one that is there cannot be used. */
  unusable: v.exactOptional(v.string()),
  /** What a person should know of the reading, as a sentence. */
  note: v.exactOptional(v.string()),
});

/** What each method answers. */
export const results = {
  memory: memoryFigures,
  phonemes: readTexts,
  load: loadRecord,
  /** The limit that is in force. */
  resetCache: v.object({ limitBytes: bytes }),
  iterate: iterationSample,
  synthesize: synthesis,
  durations,
  attribute: attributionReading,
  /** By how much the plant's own channel has grown: bytes, tensors or files. */
  plant: v.pipe(v.number(), v.finite()),
  layerTransients: v.array(layerTransient),
  /** Of a host in Python whose heap is traced. */
  heapSites: allocationSites,
  unresetSequence,
} as const;

export type HostMethod = keyof typeof results;

export type HostResult<Method extends HostMethod> = v.InferOutput<(typeof results)[Method]>;

const request = <const Method extends HostMethod, Parameters extends v.GenericSchema>(
  method: Method,
  parameters: Parameters,
) => v.object({ id: count, method: v.literal(method), parameters });

/** Parent to host. */
export const hostRequest = v.variant('method', [
  request('memory', v.object({})),
  request('phonemes', phonemesParameters),
  request('load', loadParameters),
  request('resetCache', cacheParameters),
  request('iterate', iterationParameters),
  request('synthesize', synthesisParameters),
  request('durations', durationParameters),
  request('attribute', attributionParameters),
  request('plant', plantParameters),
  request('layerTransients', v.object({ tokens: v.pipe(count, v.minValue(1)) })),
  request('heapSites', v.object({})),
  request('unresetSequence', sequenceParameters),
]);

export type HostRequest = v.InferOutput<typeof hostRequest>;

export type HostParameters<Method extends HostMethod> = Extract<
  HostRequest,
  { method: Method }
>['parameters'];

/** An error on its way out of a host: what a person is told, and the stack for whoever mends it. */
const hostFailure = v.object({ ...errorRecord.entries, stack: v.optional(v.string()) });

export type HostFailure = v.InferOutput<typeof hostFailure>;

/** Host to parent. */
export const hostMessage = v.variant('type', [
  /** Once, before anything else, unless libmlx could not be loaded. */
  v.object({ type: v.literal('ready'), description: hostDescription }),
  v.object({ type: v.literal('unusable'), failure: hostFailure }),
  v.object({ type: v.literal('result'), id: count, result: v.unknown() }),
  v.object({ type: v.literal('failure'), id: count, failure: hostFailure }),
]);

export type HostMessage = v.InferOutput<typeof hostMessage>;
