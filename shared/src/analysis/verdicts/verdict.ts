/** How a rule's measured effect becomes a verdict on one hypothesis about one model. */

import type {
  Arm,
  HypothesisId,
  Intervention,
  ModelFacts,
  StudyEvidence,
  Verdict,
  VerdictStatus,
} from '../../protocol/study-document.ts';
import { lessShift, median, noShift, offsetShift, shiftBetween, sorted } from '../statistics.ts';
import type { Shift } from '../statistics.ts';

/** The arm of a model, where the study ran it to its end. */
export function findArm({ arms }: StudyEvidence, model: string, intervention: Intervention): Arm | undefined {
  return arms.find((arm) => arm.model === model && arm.intervention === intervention);
}

/** How far the peaks of one arm lie above those of another. */
export const peakShift = (arm: Arm, reference: Arm): Shift =>
  shiftBetween(arm.peakBytes, reference.peakBytes);

/** The same for what each took beyond its loaded weights. */
export const transientShift = (arm: Arm, reference: Arm): Shift =>
  offsetShift(peakShift(arm, reference), reference.loadedBytes - arm.loadedBytes);

export const medianOf = (samples: readonly number[]): number => median(sorted(samples));

/** What a rule is asked about: one model against the baseline. */
export interface Question {
  readonly evidence: StudyEvidence;
  readonly facts: ModelFacts;
  readonly given: Arm;
  readonly baseline: Arm;
  /** How far this model's peaks lie above the baseline's. */
  readonly difference: Shift;
  /** Whether that is an anomaly: a quantized model that peaks higher, by more than the noise. */
  readonly isAnomaly: boolean;
}

export interface Rule {
  readonly id: HypothesisId;
  readonly statement: string;
  /** What is added up to explain an anomaly; the others are shown beside it. */
  readonly isPart: boolean;
  judge(question: Question): RuleOutcome;
}

/** A verdict but for what its rule's place in the study adds. */
type RuleOutcome = Omit<Verdict, 'hypothesis' | 'statement' | 'share'>;

/** Below this share of the baseline's peak a difference is not worth a hypothesis: peaks wobble by up to 1.4% on a CPU. */
export const noticeableShare = 0.02;

/** An effect below this share of what it is to explain explains nothing worth acting on. */
const materialShare = 0.1;

/**
 * Supported where the whole interval of an effect is material, refuted where none of it is, else inconclusive. `whole` is
 * what the effect is to be a part of, in bytes.
 */
function statusOfEffect(effect: Shift, whole: number): VerdictStatus {
  const bound = materialShare * whole;
  if (effect.low >= bound) {
    return 'supported';
  }
  return effect.high < bound ? 'refuted' : 'inconclusive';
}

export const armName = ({ model, intervention }: Pick<Arm, 'model' | 'intervention'>): string =>
  intervention === 'as-given' ? model : `${model} (${intervention})`;

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
  readonly sentence: (effect: Shift, status: VerdictStatus, arm: Arm) => string;
}

/**
 * Judges a hypothesis by taking away what it blames: the effect is how far the difference to the baseline falls. A cause
 * that both models share raises both peaks and explains no difference, hence the baseline's own effect is taken off.
 */
export function judgeByIntervention(question: Question, rule: InterventionRule): RuleOutcome {
  const { evidence, facts, given, baseline, difference, isAnomaly } = question;
  const { intervention, prediction, opposite, changesBaseline, measure = peakShift } = rule;
  const subject = rule.against === undefined ? given : findArm(evidence, facts.model, rule.against);
  const arm = findArm(evidence, facts.model, intervention);
  const control = changesBaseline ? findArm(evidence, baseline.model, intervention) : undefined;
  const arms = [
    armName({ model: facts.model, intervention: rule.against ?? 'as-given' }),
    armName({ model: facts.model, intervention }),
  ];
  if (changesBaseline) {
    arms.push(armName(baseline), armName({ model: baseline.model, intervention }));
  }
  const needed: readonly (readonly [arm: Arm | undefined, name: string])[] = [
    [subject, armName({ model: facts.model, intervention: rule.against ?? 'as-given' })],
    [arm, armName({ model: facts.model, intervention })],
    ...(changesBaseline ? [[control, armName({ model: baseline.model, intervention })] as const] : []),
  ];
  const missing = needed.find(([each]) => each === undefined);
  if (subject === undefined || arm === undefined || missing !== undefined) {
    const sentence = `The study has no complete arm ${missing?.[1] ?? intervention}, so this was not tested.`;
    return { status: 'not-tested', prediction, arms, sentence, opposite };
  }
  const effect = lessShift(
    measure(subject, arm),
    control === undefined ? noShift : measure(baseline, control),
  );
  const status = statusOfEffect(effect, isAnomaly ? difference.estimate : rule.wholeWithoutAnomaly);
  return {
    status,
    prediction,
    arms,
    effectBytes: effect,
    sentence: rule.sentence(effect, status, arm),
    opposite,
  };
}
