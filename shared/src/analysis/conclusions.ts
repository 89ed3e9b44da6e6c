/** What the figures of a run, a study or a requantization show, in sentences, and nothing that they do not. */

import { formatBytes } from '../format/bytes.ts';
import { counted, formatCount, formatDuration, formatList, formatPercent } from '../format/numbers.ts';
import type { ProfileSummary } from '../protocol/profile-document.ts';
import type { MeasuredCheckpoint, Verification } from '../protocol/requantize-document.ts';
import { engineOf } from '../protocol/study-document.ts';
import type {
  Agreement,
  EngineStudy,
  ModelDifference,
  StudyComparison,
  StudyDocument,
} from '../protocol/study-document.ts';
import { leakSentenceOfModels } from './leak-sentence.ts';
import { fewestForRelation, isMeasured } from './run-summary.ts';
import { noticeableShare } from './verdicts/verdict.ts';

/** Whether active memory moved over the measured iterations, as one sentence. */
export function activeSentence({
  iterations,
  active,
}: Pick<ProfileSummary, 'iterations' | 'active'>): string {
  const { firstBytes, lastBytes, minimumBytes, maximumBytes, growthBytes, course } = active;
  const over = iterations === 1 ? 'in the one iteration' : `over ${counted(iterations, 'iteration')}`;
  switch (course) {
    case 'constant':
      return iterations === 1
        ? `Active memory is ${inBytes(lastBytes)} after one iteration; more iterations are needed to tell whether it grows.`
        : `Active memory is constant to the byte ${over}: ${inBytes(lastBytes)}.`;
    case 'grew':
      return `Active memory grew by ${inBytes(growthBytes)} ${over}, from ${inBytes(firstBytes)} to ${inBytes(lastBytes)}.`;
    case 'shrank':
      return `Active memory shrank by ${inBytes(-growthBytes)} ${over}, from ${inBytes(firstBytes)} to ${inBytes(lastBytes)}.`;
    case 'varied':
      return `Active memory ended where it started ${over}, at ${inBytes(lastBytes)}, and varied between ${inBytes(minimumBytes)} and ${inBytes(maximumBytes)}.`;
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
    failed.length === 0 ? undefined : `${formatList(failed)} could not be measured.`,
    skipped.length === 0
      ? undefined
      : `${formatList(skipped)} ${skipped.length === 1 ? 'was' : 'were'} not started.`,
  ]
    .filter((sentence) => sentence !== undefined && sentence !== '')
    .join(' ');
}

/** Of the same study by several engines: whether they agree, and then what each of them found. */
export function concludeEngines(studies: readonly EngineStudy[], agreements: readonly Agreement[]): string {
  return [
    ...(agreements.length === 0
      ? ['Whether the engines agree on a cause cannot be told: no intervention was measured.']
      : agreements.map(({ sentence }) => sentence)),
    ...studies.map((study) => `In ${engineOf(study)}: ${study.conclusion}`),
  ].join(' ');
}

function peakSentence(runs: StudyFindings['runs'], comparison: StudyComparison | undefined): string {
  if (comparison === undefined) {
    return runs.some(isMeasured)
      ? 'No model with bfloat16 weights was measured, so there is no baseline for the peaks.'
      : 'Nothing was measured.';
  }
  const { baseline, baselinePeakBytes, differences } = comparison;
  const peak = `${baseline} peaks at ${megabytes(baselinePeakBytes)}`;
  if (differences.length === 0) {
    return `${peak}; no other model was measured.`;
  }
  const phrase = (relation: ModelDifference['peakRelation']): string =>
    formatList(
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
      : `Not distinguishable from it, because the peaks overlap or there are fewer than ${fewestForRelation}: ${unclear}.`,
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
  const came = `after ${formatCount(summary?.iterations ?? 0)} of ${counted(settings.iterations, 'iteration')}`;
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
      `${model.name} (${formatBytes(active.growthBytes, { unit: 'B', sign: true })} over ${counted(iterations, 'iteration')})`,
  );
  return `Active memory did not stay constant in ${formatList(grown)}.`;
}

/** Equal text is not equal work: a model that predicts longer audio computes more of it. */
function audioSentence({ baseline, differences }: StudyComparison): string | undefined {
  const unequal = differences.filter(({ samples }) => samples !== 0);
  if (unequal.length === 0) {
    return undefined;
  }
  const said = unequal.map(
    ({ model, samples }) =>
      `${model} (${counted(Math.abs(samples), 'sample')} ${samples > 0 ? 'more' : 'fewer'})`,
  );
  return `The audio has a different length than with ${baseline} in ${formatList(said)}: part of those differences is unequal work.`;
}

const byHowMuch = (bytes: number, share: number): string =>
  `by ${megabytes(Math.abs(bytes))} (${formatPercent(share, { sign: true })})`;

const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

const inBytes = (bytes: number): string => formatBytes(bytes, { unit: 'B' });

type Findings = Omit<Verification, 'conclusion'>;

/** Medians of so few iterations on a machine that does other things differ by as much. */
const noticeableTimeShare = 0.15;

/** One sentence: loaded memory, peak, time, sound, length. */
export function concludeVerification({ original, result, peakDifference, audio }: Findings): string {
  const loaded = loadedClause(original.load.activeBytes, result.load.activeBytes);
  const clauses = [peakClause(original, peakDifference), timeClause(original, result), soundClause(audio)];
  return `The result loads ${loaded}, ${clauses.join(', ')}, and ${lengthClause(original, audio)}.`;
}

function loadedClause(before: number, after: number): string {
  const [was, is] = [formatBytes(before), formatBytes(after)];
  // A few bytes that the figures do not show are no change worth a sentence.
  return was === is
    ? `the same ${is}`
    : `${is} instead of ${was} (${formatPercent((after - before) / before, { sign: true })})`;
}

function peakClause({ summary }: MeasuredCheckpoint, difference: Findings['peakDifference']): string {
  const before = summary.peakBytes.median;
  const isNoise =
    (difference.low <= 0 && difference.high >= 0) || Math.abs(difference.estimate) < noticeableShare * before;
  if (isNoise) {
    return 'has the same peak';
  }
  const share = formatPercent(Math.abs(difference.estimate) / before);
  return `peaks ${formatBytes(Math.abs(difference.estimate))} (${share}) ${difference.estimate < 0 ? 'lower' : 'higher'}`;
}

function timeClause(original: MeasuredCheckpoint, result: MeasuredCheckpoint): string {
  const [before, after] = [original.summary.seconds.median, result.summary.seconds.median];
  return before > 0 && Math.abs(after - before) / before < noticeableTimeShare
    ? `takes about as long (${formatDuration(after)})`
    : `takes ${formatDuration(after)} instead of ${formatDuration(before)}`;
}

function soundClause({ likeness }: Findings['audio']): string {
  if (likeness === undefined) {
    return 'produces audio that cannot be compared';
  }
  const { correlation, distanceDecibels } = likeness;
  return `${wordFor(correlation)} (log-mel correlation ${correlation.toFixed(4)}, ${distanceDecibels.toFixed(1)} dB apart)`;
}

/**
 * Against the float32 model with its durations, over two sentences and two voices: bfloat16 correlates at 0.998 to 0.999, 8 bits
 * at 0.996 to 0.998, 4 bits at 0.993 to 0.996, and another voice that says the same at 0.80 to 0.89.
 */
const alike = 0.99;
const similar = 0.95;

function wordFor(correlation: number): string {
  if (correlation >= alike) {
    return 'sounds alike';
  }
  return correlation >= similar ? 'sounds similar' : 'sounds different';
}

function lengthClause(
  original: MeasuredCheckpoint,
  { frameDifference, sampleDifference }: Findings['audio'],
): string {
  if (frameDifference === 0 && sampleDifference === 0) {
    return 'speaks the text at the same length';
  }
  const frames = Math.abs(frameDifference);
  const way = sampleDifference < 0 ? 'shorter' : 'longer';
  return (
    `speaks the text ${counted(frames, 'frame')} ${way} ` +
    `(${formatCount(Math.abs(sampleDifference))} of ${counted(original.samples, 'sample')})`
  );
}
