/** How a rule's measured effect becomes a verdict on one hypothesis about one model. */

import type {
  Arm,
  HypothesisId,
  Intervention,
  ModelFacts,
  Queue,
  StudyEvidence,
  Verdict,
  VerdictStatus,
} from '../../protocol/study-document.ts';
import { ownInterventions } from '../../protocol/study-document.ts';
import { lessShift, median, noShift, offsetShift, shiftBetween, sorted } from '../statistics.ts';
import type { Shift } from '../statistics.ts';

/**
 * The arm of a model, where the study ran it to its end. Iterations that were added in further processes are joined to it, but for
 * `activeBytes`, which is a series only within one process.
 */
export function findArm(
  { arms }: StudyEvidence,
  model: string,
  intervention: Intervention,
  queue: Queue = 'default',
): Arm | undefined {
  const found = arms.filter(
    (arm) => arm.model === model && arm.intervention === intervention && queueOf(arm) === queue,
  );
  const [first] = found;
  if (first === undefined || found.length === 1) {
    return first;
  }
  return {
    ...first,
    peakBytes: found.flatMap(({ peakBytes }) => peakBytes),
    samples: found.flatMap(({ samples }) => samples),
    seconds: found.flatMap(({ seconds = [] }) => seconds),
    warmupIterations: found.reduce((sum, { warmupIterations = 0 }) => sum + warmupIterations, 0),
  };
}

export const queueOf = ({ queue }: Pick<Arm, 'queue'>): Queue => queue ?? 'default';

/** How far the peaks of one arm lie above those of another. */
export const peakShift = (arm: Arm, reference: Arm): Shift =>
  shiftBetween(arm.peakBytes, reference.peakBytes);

/** The same for what each took beyond its loaded weights. */
export const transientShift = (arm: Arm, reference: Arm): Shift =>
  offsetShift(peakShift(arm, reference), reference.loadedBytes - arm.loadedBytes);

export const medianOf = (samples: readonly number[]): number => median(sorted(samples));

/** One model and the baseline, as given and measured alike. */
export interface Comparison {
  readonly given: Arm;
  readonly baseline: Arm;
  /** How far this model's peaks lie above the baseline's. */
  readonly difference: Shift;
  /** Whether that is an anomaly: a quantized model that peaks higher, by more than the noise. */
  readonly isAnomaly: boolean;
}

/** What a rule is asked about: one model against the baseline, as MLX is by default. */
export interface Question extends Comparison {
  readonly evidence: StudyEvidence;
  readonly facts: ModelFacts;
  /** The same with the queue drained, where that was measured; a default peak on a GPU wanders with its queue. */
  readonly drained?: Comparison | undefined;
}

/** What the interventions are held against: measurements that repeat. */
export const decisive = (question: Question): Comparison => question.drained ?? question;

/**
 * What shares are shares of, where either is an anomaly: the difference as MLX is by default, or, where only the queue hides
 * it, the one with the queue drained.
 */
export function anomalyOf(
  question: Question,
): { readonly queue: Queue; readonly difference: Shift } | undefined {
  const { drained, isAnomaly, difference } = question;
  if (isAnomaly) {
    return { queue: 'default', difference };
  }
  return drained?.isAnomaly === true ? { queue: 'drained', difference: drained.difference } : undefined;
}

export interface Rule {
  readonly id: HypothesisId;
  readonly statement: string;
  /**
   * What is added up to explain an anomaly; the others are shown beside it. `always`: a step of the way from this model to the
   * baseline, whatever its size. `supported`: no such step, so it counts only where it is found to be a cause, and only toward what
   * the steps leave open. `queue`: a step where the anomaly is the one by default.
   */
  readonly part: 'always' | 'supported' | 'queue' | 'never';
  judge(question: Question): RuleOutcome;
}

/** A verdict but for what its rule's place in the study adds. */
export type RuleOutcome = Omit<Verdict, 'hypothesis' | 'statement' | 'share'>;

/** Below this share of the baseline's peak a difference is not worth a hypothesis: peaks wobble by up to 1.4% on a CPU. */
export const noticeableShare = 0.02;

/** An effect below this share of what it is to explain explains nothing worth acting on. */
export const materialShare = 0.1;

/**
 * What an effect on the distance to the baseline is to be a part of where there is no anomaly: that distance, or so much that a
 * material part of it is a noticeable one of the baseline's peak.
 */
export function wholeOfDistance({ difference, baseline }: Comparison): number {
  const noticeable = noticeableShare * medianOf(baseline.peakBytes);
  return Math.max(1, Math.abs(difference.estimate), noticeable / materialShare);
}

/**
 * Supported where the whole interval of an effect is material, refuted where none of it is, else inconclusive. `whole` is
 * what the effect is to be a part of, in bytes.
 */
export function statusOfEffect(effect: Shift, whole: number): VerdictStatus {
  const bound = materialShare * whole;
  if (effect.low >= bound) {
    return 'supported';
  }
  return effect.high < bound ? 'refuted' : 'inconclusive';
}

export function armName(arm: Pick<Arm, 'model' | 'intervention' | 'queue'>): string {
  const changes = [
    ...(arm.intervention === 'as-given' ? [] : [arm.intervention]),
    ...(queueOf(arm) === 'drained' ? ['queue drained'] : []),
  ];
  return changes.length === 0 ? arm.model : `${arm.model} (${changes.join(', ')})`;
}

/** An arm that a rule compares: what it is called, and what was measured of it. */
export interface NamedArm {
  readonly name: string;
  readonly arm: Arm | undefined;
  /** Why it could not be measured, as a sentence, where it never can be. */
  readonly obstacle?: string;
}

/** Finds the arms of a rule, in order; those whose name is asked for twice come once. */
export function findArms(
  evidence: StudyEvidence,
  wanted: readonly Pick<Arm, 'model' | 'intervention' | 'queue'>[],
): NamedArm[] {
  return wanted.map((each) => ({
    name: armName(each),
    arm: findArm(evidence, each.model, each.intervention, queueOf(each)),
    ...(evidence.engine === 'mlx-audio' && ownInterventions.includes(each.intervention)
      ? { obstacle: `The network of mlx-audio cannot be given ${each.intervention}, so this was not tested.` }
      : {}),
  }));
}

/** The outcome where an arm is missing that a rule needs. */
export function notTested(
  arms: readonly NamedArm[],
  words: Pick<RuleOutcome, 'prediction' | 'opposite'>,
): RuleOutcome | undefined {
  const missing = arms.find(({ arm }) => arm === undefined);
  return missing === undefined
    ? undefined
    : {
        status: 'not-tested',
        ...words,
        arms: arms.map(({ name }) => name),
        sentence:
          missing.obstacle ?? `The study has no complete arm ${missing.name}, so this was not tested.`,
      };
}

/** The iterations behind a comparison: those of its shortest arm. */
export const fewestIterations = (arms: readonly Arm[]): number =>
  Math.min(...arms.map(({ peakBytes }) => peakBytes.length));

/** How a rule that rests on one intervention is put into words. */
interface InterventionRule {
  readonly intervention: Intervention;
  /** The arm that the intervention is held against, where that is not the model as given. */
  readonly against?: Intervention;
  readonly prediction: string;
  readonly opposite: string;
  /** Whether the intervention is a change for the baseline too, whose own effect is then taken off. */
  readonly changesBaseline: boolean;
  /** What to compare between the model as given and the arm; the peak unless said otherwise. */
  readonly measure?: (given: Arm, arm: Arm) => Shift;
  /** What the effect is a part of where there is no anomaly, in bytes. */
  readonly wholeWithoutAnomaly: number;
  /** The sentence, for the measured effect in bytes. */
  readonly sentence: (effect: Shift, status: VerdictStatus, arm: Arm, control: Arm | undefined) => string;
}

/**
 * Judges a hypothesis by taking away what it blames: the effect is how far the difference to the baseline falls. A cause
 * that both models share raises both peaks and explains no difference, hence the baseline's own effect is taken off. A
 * baseline that then needs more is another matter: the intervention brought something new there, and took nothing from this model.
 */
export function judgeByIntervention(question: Question, rule: InterventionRule): RuleOutcome {
  const { evidence, facts } = question;
  const { given, baseline } = decisive(question);
  const { intervention, prediction, opposite, changesBaseline, measure = peakShift } = rule;
  const queue = queueOf(given);
  const wanted = [
    { model: facts.model, intervention: rule.against ?? ('as-given' as const), queue },
    { model: facts.model, intervention, queue },
    ...(changesBaseline
      ? [
          { model: baseline.model, intervention: 'as-given' as const, queue },
          { model: baseline.model, intervention, queue },
        ]
      : []),
  ];
  const named = findArms(evidence, wanted);
  const untested = notTested(named, { prediction, opposite });
  const [subject, arm, , control] = named.map((each) => each.arm);
  if (untested !== undefined || subject === undefined || arm === undefined) {
    return untested ?? { status: 'not-tested', prediction, arms: [], sentence: '', opposite };
  }
  const effect = lessShift(
    measure(subject, arm),
    control === undefined ? noShift : fallOf(measure(baseline, control)),
  );
  const status = statusOfEffect(effect, wholeOf(question) ?? rule.wholeWithoutAnomaly);
  return {
    status,
    prediction,
    arms: named.map(({ name }) => name),
    iterations: fewestIterations(named.flatMap((each) => each.arm ?? [])),
    effectBytes: effect,
    sentence: rule.sentence(effect, status, arm, control),
    opposite,
  };
}

/** A shift as far as it is above zero. */
const fallOf = ({ estimate, low, high }: Shift): Shift => ({
  estimate: Math.max(0, estimate),
  low: Math.max(0, low),
  high: Math.max(0, high),
});

/** What an intervention's effect is to be a part of, in bytes: the anomaly as the interventions see it, or else as MLX is by default. */
export function wholeOf(question: Question): number | undefined {
  const { difference, isAnomaly } = decisive(question);
  return isAnomaly ? difference.estimate : anomalyOf(question)?.difference.estimate;
}
