/** What the measurements of a checkpoint and of what was made from it come down to. */

import { formatBytes } from '../format/bytes.ts';
import { formatCount, formatDuration, formatPercent } from '../format/numbers.ts';
import type { MeasuredCheckpoint, Verification } from '../protocol/requantize-document.ts';
import { noticeableShare } from './verdicts/verdict.ts';

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
    return 'peaks as high';
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
    return 'makes a sound that cannot be compared';
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
    return 'speaks the text in the same length';
  }
  const frames = Math.abs(frameDifference);
  const way = sampleDifference < 0 ? 'shorter' : 'longer';
  return (
    `speaks the text ${formatCount(frames)} ${frames === 1 ? 'frame' : 'frames'} ${way} ` +
    `(${formatCount(Math.abs(sampleDifference))} of ${formatCount(original.samples)} samples)`
  );
}
