/** From a study's evidence to its answer: is there an anomaly, what makes it, and what is left unexplained. */

import type {
  Arm,
  Explanation,
  ModelFacts,
  Queue,
  Refusal,
  StudyEvidence,
  Verdict,
} from '../../protocol/study-document.ts';
import { formatBytes } from '../../format/bytes.ts';
import { anomalyOf, findArm, materialShare, noticeableShare, peakShift } from './verdict.ts';
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
    const drained = comparisonOf(evidence, facts, 'drained');
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

/** Of a model with the baseline; undefined where either was not measured so, or not often enough. */
export function comparisonOf(
  evidence: StudyEvidence,
  facts: ModelFacts,
  queue: Queue,
): Comparison | undefined {
  const given = findArm(evidence, facts.model, 'as-given', queue);
  const baseline = findArm(evidence, evidence.baseline, 'as-given', queue);
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

/** Whether a rule's effect is a step of the way from the model to the baseline. */
function isStep(part: Rule['part'], queue: Queue): boolean {
  switch (part) {
    case 'always':
      return true;
    case 'queue':
      return queue === 'default';
    case 'supported':
    case 'never':
      return false;
  }
}

/** What of a verdict's effect counts toward the anomaly: 0 where it has no share, and less than the effect where parts overlap. */
export const partBytes = ({ share, effectBytes, overlapBytes = 0 }: Verdict): number =>
  share === undefined ? 0 : (effectBytes?.estimate ?? 0) - overlapBytes;

/**
 * The steps are a whole way from this model to the baseline. A cause that both models share is no step: the bytes that taking it away
 * saves are bytes of a step, unless the steps leave as much open (one of them could not be measured, or they do not add up). So it
 * counts only toward what is open, the largest first, and the rest of its effect is said to overlap.
 */
function withShares(judged: readonly Judged[], anomaly: NonNullable<ReturnType<typeof anomalyOf>>): Shared {
  const whole = anomaly.difference.estimate;
  const effectOf = ({ effectBytes }: Verdict): number => effectBytes?.estimate ?? 0;
  const steps = new Set(
    judged
      .filter(({ part, verdict }) => verdict.effectBytes !== undefined && isStep(part, anomaly.queue))
      .map(({ verdict }) => verdict),
  );
  let open = whole - [...steps].reduce((sum, verdict) => sum + effectOf(verdict), 0);
  const overlaps = new Map<Verdict, number>();
  const causes = judged
    .filter(
      ({ part, verdict: { status, effectBytes } }) =>
        part === 'supported' && status === 'supported' && effectBytes !== undefined,
    )
    .map(({ verdict }) => verdict)
    .toSorted((a, b) => effectOf(b) - effectOf(a));
  for (const verdict of causes) {
    const counted = open >= materialShare * whole ? Math.min(effectOf(verdict), open) : 0;
    open -= counted;
    overlaps.set(verdict, effectOf(verdict) - counted);
  }
  const verdicts = judged.map(({ verdict }): Verdict => {
    const overlapBytes = overlaps.get(verdict) ?? 0;
    const counted = effectOf(verdict) - overlapBytes;
    const isPart = steps.has(verdict) || (overlaps.has(verdict) && counted > 0);
    return {
      ...verdict,
      ...(isPart ? { share: counted / whole } : {}),
      ...(overlapBytes > 0
        ? { overlapBytes, sentence: `${verdict.sentence} ${overlapSentence(overlapBytes, counted)}` }
        : {}),
    };
  });
  return { verdicts, remainderBytes: open };
}

/** A verdict without its share, and what its rule says of it as a part. */
interface Judged {
  readonly part: Rule['part'];
  readonly verdict: Verdict;
}

interface Shared {
  readonly verdicts: Verdict[];
  readonly remainderBytes: number;
}

const overlapSentence = (bytes: number, counted: number): string =>
  counted > 0
    ? `Of this, ${formatBytes(bytes)} overlap with the other parts and are not counted a second time.`
    : 'The other parts contain these bytes already, so they are not counted a second time.';

function explainOne(question: Question): Explanation {
  const { facts, baseline, difference, drained } = question;
  const anomaly = anomalyOf(question);
  const judged = rules.map((rule): Judged => ({
    part: rule.part,
    verdict: { hypothesis: rule.id, statement: rule.statement, ...rule.judge(question) },
  }));
  const { verdicts, remainderBytes } =
    anomaly === undefined
      ? { verdicts: judged.map(({ verdict }) => verdict), remainderBytes: 0 }
      : withShares(judged, anomaly);
  const isAnomaly = anomaly !== undefined;
  return {
    model: facts.model,
    baseline: baseline.model,
    difference,
    isAnomaly,
    ...(drained === undefined ? {} : { drained: drained.difference }),
    ...(anomaly?.queue === 'drained' ? { anomalyOf: anomaly.queue } : {}),
    verdicts,
    remainderBytes,
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

const causeWords = ({ statement }: Verdict, bytes: number): string =>
  `${statement.replace(/\.$/, '')} (${formatBytes(bytes)}).`;

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
  const named = causes
    .toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0))
    .map((verdict) => causeWords(verdict, partBytes(verdict)));
  const within = verdicts.filter(
    ({ share, overlapBytes }) => share === undefined && overlapBytes !== undefined,
  );
  return [
    opening,
    named.length === 0
      ? 'None of the tested hypotheses explains it.'
      : `${named.length === 1 ? 'The cause:' : 'The causes:'} ${named.join(' ')}`,
    ...(within.length === 0
      ? []
      : [
          'Contained in the parts of it, and not added to them:',
          ...within.map((verdict) => causeWords(verdict, verdict.overlapBytes ?? 0)),
        ]),
  ].join(' ');
}
