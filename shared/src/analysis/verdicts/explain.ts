/** From a study's evidence to its answer: is there an anomaly, what makes it, and what is left unexplained. */

import type {
  Arm,
  Explanation,
  ModelFacts,
  Queue,
  Refusal,
  StudyEvidence,
  Verdict,
  VerdictStatus,
} from '../../protocol/study-document.ts';
import { formatBytes } from '../../format/bytes.ts';
import { anomalyOf, findArm, noticeableShare, peakShift } from './verdict.ts';
import { remedyFor } from './remedy.ts';
import { rules } from './rules.ts';
import type { Comparison, Question, Rule } from './verdict.ts';

/** Explains each model of a study but its baseline. Models whose own arm is not whole are refused, each with a reason. */
export function explain(evidence: StudyEvidence): { explanations: Explanation[]; refusals: Refusal[] } {
  const explanations: Explanation[] = [];
  const refusals: Refusal[] = [];
  const baseline = findArm(evidence, evidence.baseline, 'as-given');
  for (const facts of evidence.models.filter(({ model }) => model !== evidence.baseline)) {
    const given = findArm(evidence, facts.model, 'as-given');
    const reason =
      baseline === undefined
        ? `${evidence.baseline}, its baseline, has no complete run`
        : given === undefined
          ? 'it has no complete run'
          : (unreadable(given.peakBytes) ?? unreadable(baseline.peakBytes));
    if (reason !== undefined || baseline === undefined || given === undefined) {
      refusals.push({ model: facts.model, reason: reason ?? 'it has no complete run' });
      continue;
    }
    const drained = drainedComparison(evidence, facts);
    explanations.push(explainOne({ evidence, facts, ...compare(facts, given, baseline), drained }));
  }
  return { explanations, refusals };
}

function compare(facts: ModelFacts, given: Arm, baseline: Arm): Comparison {
  const difference = peakShift(given, baseline);
  const bound = noticeableShare * Math.max(...baseline.peakBytes);
  const isAnomaly = facts.bits !== undefined && difference.low > 0 && difference.estimate > bound;
  return { given, baseline, difference, isAnomaly };
}

/** Undefined where either model was not measured with the queue drained, or not often enough. */
function drainedComparison(evidence: StudyEvidence, facts: ModelFacts): Comparison | undefined {
  const given = findArm(evidence, facts.model, 'as-given', 'drained');
  const baseline = findArm(evidence, evidence.baseline, 'as-given', 'drained');
  return given !== undefined &&
    baseline !== undefined &&
    unreadable(given.peakBytes) === undefined &&
    unreadable(baseline.peakBytes) === undefined
    ? compare(facts, given, baseline)
    : undefined;
}

/** The fewest iterations from which a median and its interval can be had. */
export const fewestForInterval = 4;

function unreadable(peaks: readonly number[]): string | undefined {
  if (!peaks.every(Number.isFinite)) {
    return 'a peak is not a number';
  }
  return peaks.length < fewestForInterval
    ? `${peaks.length} measured iterations are too few for a verdict, which takes at least ${fewestForInterval}`
    : undefined;
}

function isPart(part: Rule['part'], status: VerdictStatus, queue: Queue): boolean {
  switch (part) {
    case 'always':
      return true;
    case 'supported':
      return status === 'supported';
    case 'queue':
      return queue === 'default';
    case 'never':
      return false;
  }
}

function explainOne(question: Question): Explanation {
  const { facts, baseline, difference, drained } = question;
  const anomaly = anomalyOf(question);
  let remainder = anomaly?.difference.estimate ?? 0;
  const verdicts = rules.map((rule): Verdict => {
    const outcome = rule.judge(question);
    const common = { hypothesis: rule.id, statement: rule.statement, ...outcome };
    const { effectBytes, status } = outcome;
    if (anomaly === undefined || effectBytes === undefined || !isPart(rule.part, status, anomaly.queue)) {
      return common;
    }
    remainder -= effectBytes.estimate;
    return { ...common, share: effectBytes.estimate / anomaly.difference.estimate };
  });
  const isAnomaly = anomaly !== undefined;
  return {
    model: facts.model,
    baseline: baseline.model,
    difference,
    isAnomaly,
    ...(drained === undefined ? {} : { drained: drained.difference }),
    ...(anomaly?.queue === 'drained' ? { anomalyOf: anomaly.queue } : {}),
    verdicts,
    remainderBytes: remainder,
    sentence: answer(question, verdicts),
    remedy: remedyFor(facts, { baseline: baseline.model, isAnomaly, verdicts }),
  };
}

/** The difference that an explanation's shares and remainder are parts of. */
export const anomalyDifference = ({
  anomalyOf: queue,
  drained,
  difference,
}: Pick<Explanation, 'anomalyOf' | 'drained' | 'difference'>): Explanation['difference'] =>
  queue === 'drained' && drained !== undefined ? drained : difference;

/** What a share is a share of, in words: by default or with the queue drained, where there is a difference. */
export function anomalyWords({
  anomalyOf: queue,
  drained,
}: Pick<Explanation, 'anomalyOf' | 'drained'>): string {
  if (drained === undefined) {
    return 'the anomaly';
  }
  return queue === 'drained' ? 'the anomaly with the queue drained' : 'the anomaly as MLX is by default';
}

/** How the anomaly begins: its size, and what of it the queue is. */
function openingOf(question: Question): string {
  const { facts, baseline, difference, drained } = question;
  const higher = (bytes: number): string =>
    `${facts.model} peaks ${formatBytes(bytes)} higher than ${baseline.model}`;
  if (drained === undefined) {
    return `${higher(difference.estimate)}.`;
  }
  const queued = difference.estimate - drained.difference.estimate;
  const drainedSize = formatBytes(drained.difference.estimate, { sign: drained.difference.estimate < 0 });
  return anomalyOf(question)?.queue === 'drained'
    ? `With the queue drained, ${higher(drained.difference.estimate)}, which queued work hides by default.`
    : `${higher(difference.estimate)} by default and ${drainedSize} with the queue drained: queued work ` +
        `${queued >= 0 ? 'adds' : 'takes off'} ${formatBytes(Math.abs(queued))}.`;
}

function answer(question: Question, verdicts: readonly Verdict[]): string {
  const { facts, baseline, difference } = question;
  const size = formatBytes(Math.abs(difference.estimate));
  if (anomalyOf(question) === undefined) {
    const way = difference.estimate < 0 ? `${size} lower than` : 'within the noise of';
    return difference.low > 0
      ? `${facts.model} peaks ${size} higher than ${baseline.model}, as its weights are larger: there is no anomaly to explain.`
      : `${facts.model} peaks ${way} ${baseline.model}: there is no anomaly to explain.`;
  }
  const causes = verdicts.filter(({ status, share }) => status === 'supported' && share !== undefined);
  const opening = openingOf(question);
  if (causes.length === 0) {
    return `${opening} None of the tested hypotheses explains it.`;
  }
  const named = causes
    .toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0))
    .map(
      ({ statement, effectBytes }) =>
        `${statement.replace(/\.$/, '')} (${formatBytes(effectBytes?.estimate ?? 0)}).`,
    );
  return `${opening} ${named.length === 1 ? 'The cause:' : 'The causes:'} ${named.join(' ')}`;
}
