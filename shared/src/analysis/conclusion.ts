/** Says in sentences what a run's or a study's figures show, and nothing that they do not. */

import { formatBytes } from '../format/bytes.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import type { ProfileSummary } from '../protocol/profile-document.ts';
import type { ModelDifference, StudyComparison, StudyDocument } from '../protocol/study-document.ts';
import { leakSentenceOfModels } from './leak-sentence.ts';
import { fewestForRelation, isMeasured } from './study-comparison.ts';

/** Whether active memory moved over the measured iterations, as one sentence. */
export function activeSentence({ iterations, active }: ProfileSummary): string {
  const { firstBytes, lastBytes, minimumBytes, maximumBytes, growthBytes, course } = active;
  const over = iterations === 1 ? 'in the one iteration' : `over ${formatCount(iterations)} iterations`;
  switch (course) {
    case 'constant':
      return iterations === 1
        ? `Active memory is ${inBytes(lastBytes)} after one iteration; whether it grows takes more of them.`
        : `Active memory is constant to the byte ${over}: ${inBytes(lastBytes)}.`;
    case 'grew':
      return `Active memory grew by ${inBytes(growthBytes)} ${over}, from ${inBytes(firstBytes)} to ${inBytes(lastBytes)}.`;
    case 'shrank':
      return `Active memory shrank by ${inBytes(-growthBytes)} ${over}, from ${inBytes(firstBytes)} to ${inBytes(lastBytes)}.`;
    case 'varied':
      return `Active memory ended where it began ${over}, at ${inBytes(lastBytes)}, and varied between ${inBytes(minimumBytes)} and ${inBytes(maximumBytes)}.`;
  }
}

type StudyFindings = Pick<StudyDocument, 'runs' | 'failures' | 'skipped' | 'comparison'>;

/** Which models peak above bfloat16 and by how much, whether active memory grew, and what stands in the way of comparing. */
export function concludeStudy({ runs, failures, skipped, comparison }: StudyFindings): string {
  const failed = failures.map(({ model }) => model);
  return [
    peakSentence(runs, comparison),
    growthSentence(runs),
    leakSentenceOfModels(runs.map(({ model: { name }, leaks = [] }) => ({ name, leaks }))),
    comparison === undefined ? undefined : audioSentence(comparison),
    ...runs.map(endSentence),
    failed.length === 0 ? undefined : `${list(failed)} could not be measured.`,
    skipped.length === 0 ? undefined : `${list(skipped)} ${skipped.length === 1 ? 'was' : 'were'} not begun.`,
  ]
    .filter((sentence) => sentence !== undefined && sentence !== '')
    .join(' ');
}

function peakSentence(runs: StudyFindings['runs'], comparison: StudyComparison | undefined): string {
  if (comparison === undefined) {
    return runs.some(isMeasured)
      ? 'No model with bfloat16 weights was measured, so there is nothing to hold the peaks against.'
      : 'Nothing was measured.';
  }
  const { baseline, baselinePeakBytes, differences } = comparison;
  const peak = `${baseline} peaks at ${megabytes(baselinePeakBytes)}`;
  if (differences.length === 0) {
    return `${peak}; no other model was measured beside it.`;
  }
  const phrase = (relation: ModelDifference['peakRelation']): string =>
    list(
      differences
        .filter(({ peakRelation }) => peakRelation === relation)
        .map(({ model, peakBytes, peakShare }) => `${model} ${byHowMuch(peakBytes, peakShare)}`),
    );
  const above = phrase('above');
  const below = phrase('below');
  const unclear = phrase('unclear');
  return [
    above === '' ? `${peak}; no model peaks clearly above it.` : `${peak}. Above it: ${above}.`,
    below === '' ? undefined : `Below it: ${below}.`,
    unclear === ''
      ? undefined
      : `Not told apart from it, since the peaks overlap or are fewer than ${fewestForRelation}: ${unclear}.`,
  ]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

/** How far a run came that did not come to its end. */
function endSentence({
  model,
  outcome,
  settings,
  summary,
}: StudyFindings['runs'][number]): string | undefined {
  if (outcome.status === 'complete') {
    return undefined;
  }
  const came = `after ${formatCount(summary?.iterations ?? 0)} of ${formatCount(settings.iterations)} iterations`;
  return `${model.name} ${outcome.status === 'failed' ? 'failed' : 'was interrupted'} ${came}.`;
}

function growthSentence(runs: StudyFindings['runs']): string | undefined {
  const measured = runs.filter(isMeasured).filter(({ summary }) => summary.iterations > 1);
  if (measured.length === 0) {
    return undefined;
  }
  const moved = measured.filter(({ summary }) => summary.active.course !== 'constant');
  const fewest = Math.min(...measured.map(({ summary }) => summary.iterations));
  if (moved.length === 0) {
    return `Active memory is constant to the byte in ${measured.length === 1 ? 'the one measured model' : 'every model'} over ${formatCount(fewest)} iterations.`;
  }
  const grown = moved.map(
    ({ model, summary: { active, iterations } }) =>
      `${model.name} (${formatBytes(active.growthBytes, { unit: 'B', sign: true })} over ${formatCount(iterations)} iterations)`,
  );
  return `Active memory did not stay constant in ${list(grown)}.`;
}

/** Equal text is not equal work: a model that predicts longer audio computes more of it. */
function audioSentence({ baseline, differences }: StudyComparison): string | undefined {
  const unequal = differences.filter(({ samples }) => samples !== 0);
  if (unequal.length === 0) {
    return undefined;
  }
  const said = unequal.map(
    ({ model, samples }) =>
      `${model} (${formatCount(Math.abs(samples))} samples ${samples > 0 ? 'more' : 'fewer'})`,
  );
  return `The text came out at another length than with ${baseline} in ${list(said)}: part of those differences is unequal work.`;
}

const byHowMuch = (bytes: number, share: number): string =>
  `by ${megabytes(Math.abs(bytes))} (${formatPercent(share, { sign: true })})`;

const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

const inBytes = (bytes: number): string => formatBytes(bytes, { unit: 'B' });

const list = (parts: readonly string[]): string =>
  new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(parts);
