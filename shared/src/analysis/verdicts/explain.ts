/** From a study's evidence to its answer: is there an anomaly, what makes it, and what is left unexplained. */

import type { Explanation, Refusal, StudyEvidence, Verdict } from '../../protocol/study-document.ts';
import { formatBytes } from '../../format/bytes.ts';
import { findArm, noticeableShare, peakShift } from './verdict.ts';
import { remedyFor } from './remedy.ts';
import { rules } from './rules.ts';
import type { Question } from './verdict.ts';

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
    const difference = peakShift(given, baseline);
    const bound = noticeableShare * Math.max(...baseline.peakBytes);
    const isAnomaly = facts.bits !== undefined && difference.low > 0 && difference.estimate > bound;
    explanations.push(explainOne({ evidence, facts, given, baseline, difference, isAnomaly }));
  }
  return { explanations, refusals };
}

/** The fewest iterations from which a median and its interval can be had. */
const fewestForInterval = 4;

function unreadable(peaks: readonly number[]): string | undefined {
  if (!peaks.every(Number.isFinite)) {
    return 'a peak is not a number';
  }
  return peaks.length < fewestForInterval
    ? `${peaks.length} measured iterations are too few for a verdict, which takes at least ${fewestForInterval}`
    : undefined;
}

function explainOne(question: Question): Explanation {
  const { facts, baseline, difference, isAnomaly } = question;
  let remainder = isAnomaly ? difference.estimate : 0;
  const verdicts = rules.map((rule): Verdict => {
    const outcome = rule.judge(question);
    const effect = rule.isPart && isAnomaly ? outcome.effectBytes?.estimate : undefined;
    remainder -= effect ?? 0;
    return {
      hypothesis: rule.id,
      statement: rule.statement,
      ...outcome,
      ...(effect === undefined ? {} : { share: effect / difference.estimate }),
    };
  });
  return {
    model: facts.model,
    baseline: baseline.model,
    difference,
    isAnomaly,
    verdicts,
    remainderBytes: remainder,
    sentence: answer(question, verdicts),
    remedy: remedyFor(facts, { baseline: baseline.model, isAnomaly, verdicts }),
  };
}

function answer({ facts, baseline, difference, isAnomaly }: Question, verdicts: readonly Verdict[]): string {
  const size = formatBytes(Math.abs(difference.estimate));
  if (!isAnomaly) {
    const way = difference.estimate < 0 ? `${size} lower than` : 'within the noise of';
    return difference.low > 0
      ? `${facts.model} peaks ${size} higher than ${baseline.model}, as its weights are larger: there is no anomaly to explain.`
      : `${facts.model} peaks ${way} ${baseline.model}: there is no anomaly to explain.`;
  }
  const causes = verdicts.filter(({ status, share }) => status === 'supported' && share !== undefined);
  const opening = `${facts.model} peaks ${size} higher than ${baseline.model}.`;
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
