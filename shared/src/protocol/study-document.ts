/** The document of a study: its runs side by side, and why their peaks differ, with the evidence for it. */

import * as v from 'valibot';
import { profileDocument, profileSettings } from './profile-document.ts';
import { denseCopies } from './trace-document.ts';
import { engines } from './workload.ts';
import type { EngineName } from './workload.ts';
import { byteDifference, bytes, count, errorRecord, moment, seconds, text } from './quantities.ts';

/**
 * The interventions of a study: each changes one thing against `as-given`, in a process of its own. All but
 * `frozen-durations` replay the durations of the model's own `as-given` arm, so that they do equal work.
 */
export const interventions = [
  'as-given',
  'rest-bfloat16',
  'rest-float32',
  'mlx-product',
  'dense',
  'frozen-durations',
  'bfloat16-activations',
  'fused-weight-norm',
  'no-cache',
  'unlimited-cache',
  'stage-wise',
  'all-float32',
  'dense-bfloat16',
  'narrow-evaluation',
] as const;

export type Intervention = (typeof interventions)[number];

/** Those that only Tidemark's own network can be given. */
export const ownInterventions: readonly Intervention[] = [
  'bfloat16-activations',
  'fused-weight-norm',
  'stage-wise',
];

/**
 * How much work MLX queues on a GPU before it waits. `default`: as many operations a command buffer as MLX has by itself, whose
 * temporaries all live until the buffer is done. `drained`: one operation a buffer (`MLX_MAX_OPS_PER_BUFFER=1`).
 */
const queue = v.picklist(['default', 'drained']);

export type Queue = v.InferOutput<typeof queue>;

export const arm = v.object({
  model: text,
  intervention: v.picklist(interventions),
  /** Absent for `default`. */
  queue: v.exactOptional(queue),
  /** Active memory once loaded. */
  loadedBytes: bytes,
  /** The peak while it was loaded. */
  loadPeakBytes: bytes,
  /** Of each measured iteration. */
  peakBytes: v.array(v.number()),
  /** Of each measured iteration, after the cache was cleared. */
  activeBytes: v.array(v.number()),
  /** Of the audio of each measured iteration. */
  samples: v.array(v.number()),
  /** How long each measured iteration took; absent in documents of older versions. */
  seconds: v.exactOptional(v.array(v.number())),
  /** Further iterations that came before and are in none of these series, since the peaks show that they were warm-up. */
  warmupIterations: v.exactOptional(count),
});

export type Arm = v.InferOutput<typeof arm>;

/** One quantized layer, measured alone: what its product took beyond active memory, and what a dense copy would take. */
export const layerTransient = v.object({
  path: text,
  /** The size of the whole weight, expanded to the dtype of its scales. */
  denseBytes: bytes,
  /** The transient of the quantized product, less its own output. */
  quantizedBytes: bytes,
  /** The transient of expanding the weight and then multiplying, less its output: what the guess would look like. */
  expandedBytes: bytes,
});

export type LayerTransient = v.InferOutput<typeof layerTransient>;

/** Several models run one after the other in one process whose peak was never reset. */
export const unresetSequence = v.object({
  /** In the order in which they ran, with the peak that was read after each. */
  readings: v.pipe(v.array(v.object({ model: text, peakBytes: bytes })), v.minLength(2)),
});

export type UnresetSequence = v.InferOutput<typeof unresetSequence>;

const modelFacts = v.object({
  model: text,
  tensorBytes: bytes,
  bytesByDtype: v.record(v.string(), bytes),
  /** Bits of its quantized layers; absent where none is quantized. */
  bits: v.exactOptional(count),
  /** Bytes of the tensors that belong to no quantized layer's packed weight, by dtype. */
  restBytesByDtype: v.record(v.string(), bytes),
});

export type ModelFacts = v.InferOutput<typeof modelFacts>;

const tracedReading = v.object({
  /** Of the trace, and of the same work without one. */
  peakBytes: bytes,
  plainPeakBytes: bytes,
  /** Whether the audio was the same, bit for bit. */
  sameAudio: v.boolean(),
  denseCopies,
});

export type TracedReading = v.InferOutput<typeof tracedReading>;

const studyEvidence = v.object({
  /** The model that the others are compared with. */
  baseline: text,
  models: v.array(modelFacts),
  arms: v.array(arm),
  /** By model. */
  layers: v.record(v.string(), v.array(layerTransient)),
  unreset: v.array(unresetSequence),
  /** By quantized model, traced operation by operation as it was given; absent in documents of older versions. */
  traced: v.exactOptional(v.record(v.string(), tracedReading)),
  /** What MLX computed on; absent in documents of older versions. */
  device: v.exactOptional(v.picklist(['cpu', 'gpu'])),
  /** What ran the models; absent for Tidemark's own engine. */
  engine: v.exactOptional(v.picklist(engines)),
});

export type StudyEvidence = v.InferOutput<typeof studyEvidence>;

/** A difference in bytes with its two-sided 95% interval. */
export const shift = v.object({ estimate: v.number(), low: v.number(), high: v.number() });

export const hypothesisIds = [
  'float32-rest',
  'on-the-fly-dequantization',
  'packed-layers',
  'peak-not-reset',
  'unequal-work',
  'queued-work',
  'float32-activations',
  'load-transient',
  'allocator-cache',
  'one-lazy-graph',
  'evaluation-order',
  'weight-norm-temporaries',
  'leak',
] as const;

export type HypothesisId = (typeof hypothesisIds)[number];

/** `not-applicable`: the backend has nothing that the hypothesis could be about. */
const verdictStatus = v.picklist(['supported', 'refuted', 'inconclusive', 'not-tested', 'not-applicable']);

export type VerdictStatus = v.InferOutput<typeof verdictStatus>;

/** A verdict on one hypothesis about one model. */
export const verdict = v.object({
  hypothesis: v.picklist(hypothesisIds),
  /** The hypothesis as a statement. */
  statement: text,
  status: verdictStatus,
  /** What would be seen if it were true. */
  prediction: text,
  /** The arms that were compared, as "model (intervention)". */
  arms: v.array(text),
  /** What the intervention took off the difference between this model's peak and the baseline's. */
  effectBytes: v.exactOptional(shift),
  /** The effect as a share of the anomaly, where there is one and the effect is a part of it. */
  share: v.exactOptional(v.number()),
  /**
   * What of the effect the other parts contain already, in bytes: the share is of the effect without it, and where that leaves
   * nothing there is no share. Absent where nothing overlaps.
   */
  overlapBytes: v.exactOptional(v.number()),
  /** The measured iterations of the arm that has the fewest of those that were compared. */
  iterations: v.exactOptional(count),
  /** One sentence that a person understands. */
  sentence: text,
  /** The measurement that would have shown the opposite. */
  opposite: text,
});

export type Verdict = v.InferOutput<typeof verdict>;

export const explanation = v.object({
  model: text,
  baseline: text,
  /** How far this model's peaks lie above the baseline's. */
  difference: shift,
  /** Whether there is an anomaly: a quantized model that peaks higher, by more than the noise. */
  isAnomaly: v.boolean(),
  /** The same difference with the queue drained on both sides, where that was measured: the interventions are held against it. */
  drained: v.exactOptional(shift),
  /** Which difference is the anomaly that shares and remainder are parts of; absent for `default`. */
  anomalyOf: v.exactOptional(queue),
  verdicts: v.array(verdict),
  /** What the parts leave of the anomaly, interactions between them included; 0 where there is no anomaly. */
  remainderBytes: v.number(),
  /** The answer about this model, in a sentence or two. */
  sentence: text,
  /** The remedy that the verdict implies, as a command where there is one. */
  remedy: v.exactOptional(v.object({ sentence: text, command: v.exactOptional(text) })),
});

export type Explanation = v.InferOutput<typeof explanation>;

/** Why nothing can be said about a model, instead of a verdict. */
export const refusal = v.object({ model: text, reason: text });

export type Refusal = v.InferOutput<typeof refusal>;

/** Iterations that were measured in one way, and their median time; absent where times differed by a quarter and more. */
const measuredWay = v.object({ iterations: count, seconds: v.exactOptional(seconds) });

/** What one model's peak is made of, in bytes. The parts add up to it. */
const peakMakeup = v.object({
  model: text,
  /** The median as MLX is by default, with the least and the most. */
  peakBytes: v.number(),
  minimumBytes: v.number(),
  maximumBytes: v.number(),
  /** What is active between iterations: the weights and the voice. */
  weightsBytes: v.number(),
  /** What the operations need beyond that, in the narrowest order of evaluation that was measured. */
  operationsBytes: v.number(),
  /** What MLX's own order of evaluation adds; absent where no other one was measured. */
  orderBytes: v.exactOptional(v.number()),
  /** What queued work adds; absent where no queue was drained. */
  queueBytes: v.exactOptional(v.number()),
  /** What was measured for it: as given, with the queue drained, and in the narrow order. */
  given: measuredWay,
  drained: v.exactOptional(measuredWay),
  narrow: v.exactOptional(measuredWay),
});

export type PeakMakeup = v.InferOutput<typeof peakMakeup>;

/** The answers of a study and what they rest on. */
const studyAnswer = v.object({
  evidence: studyEvidence,
  /** Of each model, the baseline first; absent in documents of older versions. */
  peaks: v.exactOptional(v.array(peakMakeup)),
  explanations: v.array(explanation),
  refusals: v.array(refusal),
});

export type StudyAnswer = v.InferOutput<typeof studyAnswer>;

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const studySchemaVersion = 1;

/** One model's measured memory beside the baseline's. */
const modelDifference = v.object({
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

const studyComparison = v.object({
  /** The model that the others are held against: the first whose weights are all bfloat16. */
  baseline: text,
  baselinePeakBytes: bytes,
  differences: v.array(modelDifference),
});

export type StudyComparison = v.InferOutput<typeof studyComparison>;

/** How a hypothesis about a model fares in one engine. */
const causeInEngine = v.object({
  engine: v.picklist(engines),
  status: verdictStatus,
  effectBytes: v.exactOptional(shift),
  /**
   * Of the anomaly that is compared, where the effect is a part of it, with the interval of the effect; of queued work it is a share of
   * the anomaly as MLX is by default.
   */
  share: v.exactOptional(shift),
  overlapBytes: v.exactOptional(v.number()),
});

export type CauseInEngine = v.InferOutput<typeof causeInEngine>;

/** `cannot-be-told`: something was not tested, or is open, in one of them, which is no disagreement. */
const agreementStatus = v.picklist(['agree', 'disagree', 'cannot-be-told']);

export type AgreementStatus = v.InferOutput<typeof agreementStatus>;

/** Whether the engines agree on what makes one model peak higher than the baseline. */
const agreement = v.object({
  model: text,
  baseline: text,
  status: agreementStatus,
  /** Of each engine that explained the model, the difference that is compared: with the queue drained, where that was measured. */
  anomalies: v.array(
    v.object({
      engine: v.picklist(engines),
      isAnomaly: v.boolean(),
      queue,
      difference: shift,
      /** The same as MLX is by default. */
      byDefault: shift,
      remainderBytes: v.number(),
    }),
  ),
  /** Of each hypothesis whether they say the same of it, and what each says. */
  causes: v.array(
    v.object({
      hypothesis: v.picklist(hypothesisIds),
      status: agreementStatus,
      engines: v.array(causeInEngine),
    }),
  ),
  /** The status with its reason, in a sentence. */
  sentence: text,
  /** What else differs between them, or was not tested: further sentences. */
  notes: v.array(text),
});

export type Agreement = v.InferOutput<typeof agreement>;

const studyOfOneEngine = v.object({
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

export type EngineStudy = v.InferOutput<typeof studyOfOneEngine>;

/**
 * With several engines the document is the study by the first of them, but for `seconds`, `conclusion`, and `outcome`, which are of all.
 */
export const studyDocument = v.object({
  ...studyOfOneEngine.entries,
  /** The same study by the further engines, in order; absent where there was one. */
  otherEngines: v.exactOptional(v.array(studyOfOneEngine)),
  /** Of each model but the baseline whether the engines agree; absent where there was one. */
  agreements: v.exactOptional(v.array(agreement)),
});

/** The studies in a document, one for each engine, each with its own time. */
export const studiesOf = ({ otherEngines = [], ...first }: StudyDocument): readonly EngineStudy[] => [
  { ...first, seconds: otherEngines.reduce((rest, study) => rest - study.seconds, first.seconds) },
  ...otherEngines,
];

export const engineOf = ({ settings: { engine = 'tidemark' } }: Pick<EngineStudy, 'settings'>): EngineName =>
  engine;

export type StudyDocument = v.InferOutput<typeof studyDocument>;
