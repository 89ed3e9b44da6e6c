/** What a watched program shows: leaks by the leak rule over one series that cannot be gone on with, and what its peaks do. */

import { formatBytes } from '../format/bytes.ts';
import { counted } from '../format/numbers.ts';
import { iterationLabel } from '../format/work-words.ts';
import { arraysChannel, pythonChannel } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import type {
  PeakVerdict,
  WatchDocument,
  WatchedSample,
  WatchedSummary,
} from '../protocol/watch-document.ts';
import { confirmationLength, fewestIterations, leakRule, readTrend } from './leak-rule.ts';
import { leakSentence } from './leak-sentence.ts';
import { channelThresholds, judgeChannel } from './leak-verdicts.ts';
import { activeCourse } from './run-summary.ts';
import { spreadOf } from './statistics.ts';

/** In the order in which they are shown. */
const watchedChannels = [
  'activeBytes',
  'footprintBytes',
  'openFileDescriptors',
  arraysChannel,
  pythonChannel,
] as const;

/**
 * A program ends when it ends: no confirmation run follows. So a series is its own, the first third against the rest, where
 * that leaves the rule enough. In a shorter one a rise is a leak only where it shows in every single iteration and the second
 * half keeps up so large a share of the first half's slope. What lets through is measured in watched.test.ts.
 */
const steadySlopeShare = 0.75;

/** From so many measured iterations on, a series can confirm itself. */
export const selfConfirming = (1 + leakRule.confirmationFactor) * fewestIterations;

/** Of one channel; `cacheBytes` is what MLX's cache held in each of the same iterations. */
export function judgeWatchedSeries(
  channel: LeakChannel,
  series: readonly number[],
  cacheBytes: readonly number[],
): ChannelVerdict {
  const whole = judgeChannel({ channel, first: series, cacheBytes });
  if (whole.first?.rising !== true || whole.status !== 'inconclusive') {
    return whole;
  }
  const further = (reason: string): ChannelVerdict => ({ ...whole, reason });
  if (series.length < selfConfirming) {
    return risesSteadily(series, channelThresholds[channel])
      ? { channel, status: 'leak', ratePerIteration: whole.ratePerIteration, first: whole.first }
      : further(
          `it rises, but not in each of ${series.length} iterations, and only ${selfConfirming} or more can confirm a leak`,
        );
  }
  const third = Math.floor(series.length / (1 + leakRule.confirmationFactor));
  const first = series.slice(0, third);
  const confirmation = series.slice(third, third + confirmationLength(third));
  const judged = judgeChannel({ channel, first, confirmation });
  return judged.confirmation === undefined
    ? further('it rises, but not yet in the first third of the iterations; more of them can tell')
    : judged;
}

/** In every iteration, to the end, and without slowing down. */
function risesSteadily(series: readonly number[], threshold: number): boolean {
  const middle = Math.floor(series.length / 2);
  const [first, second] = [series.slice(0, middle), series.slice(middle)].map((half) =>
    readTrend(half, threshold),
  );
  const isEverywhere = series.slice(1).every((value, place) => value > (series[place] ?? Number.NaN));
  return (
    isEverywhere && (second?.slope ?? 0) >= steadySlopeShare * (first?.slope ?? Number.POSITIVE_INFINITY)
  );
}

const measuredOf = (iterations: readonly WatchedSample[]): WatchedSample[] =>
  iterations.filter(({ warmup }) => !warmup);

/** Every channel that the program's Python could be asked for, in the order in which they are shown. */
export function judgeWatched(iterations: readonly WatchedSample[]): ChannelVerdict[] {
  const measured = measuredOf(iterations);
  return watchedChannels.flatMap((channel) => {
    // Counting objects ends where it takes too long: the iterations until there are the series.
    const end = measured.findIndex((sample) => sample[channel] === undefined);
    const known = end === -1 ? measured : measured.slice(0, end);
    const series = known.flatMap((sample) => sample[channel] ?? []);
    return series.length === 0 && measured.length > 0
      ? []
      : [
          judgeWatchedSeries(
            channel,
            series,
            known.map(({ cacheBytes }) => cacheBytes),
          ),
        ];
  });
}

/** Leaves the warm-up out; without a measured iteration there is nothing to say. */
export function summarizeWatched(iterations: readonly WatchedSample[]): WatchedSummary | undefined {
  const measured = measuredOf(iterations);
  if (measured.length === 0) {
    return undefined;
  }
  const spreadBy = (of: (sample: WatchedSample) => number) => {
    const { minimum, maximum, median } = spreadOf(measured.map(of));
    return { minimum, maximum, median: Math.round(median) };
  };
  const { minimum, maximum, median } = spreadOf(measured.map(({ seconds }) => seconds));
  const footprints = measured.flatMap(({ footprintBytes }) => footprintBytes ?? []);
  return {
    iterations: measured.length,
    active: activeCourse(measured.map(({ activeBytes }) => activeBytes)),
    peakBytes: spreadBy(({ peakBytes }) => peakBytes),
    transientBytes: spreadBy(({ peakBytes, activeBeforeBytes = 0 }) =>
      Math.max(0, peakBytes - activeBeforeBytes),
    ),
    cacheBytes: spreadBy(({ cacheBytes }) => cacheBytes),
    seconds: { minimum, maximum, median },
    ...(footprints.length === measured.length
      ? { footprintBytes: spreadBy(({ footprintBytes = 0 }) => footprintBytes) }
      : {}),
  };
}

/** `lifeBytes` is the highest of the program's life; `lives` what that was at the end of each iteration. */
export function judgePeaks(
  iterations: readonly WatchedSample[],
  { lifeBytes, lives, resets }: { lifeBytes: number; lives: readonly number[]; resets: number },
): PeakVerdict {
  const measured = measuredOf(iterations);
  const peaks = measured.map(({ peakBytes }) => peakBytes);
  const reached = lives.findIndex((life) => life >= lifeBytes);
  const reading = peaks.length < fewestIterations ? undefined : readTrend(peaks, 0);
  const rises = reading?.rising === true;
  const resetIn = measured.filter(({ peakResets }) => peakResets > 0).length;
  return {
    status:
      measured.length < 2
        ? 'unknown'
        : peaks.every((peak) => peak === peaks[0])
          ? 'constant'
          : rises
            ? 'rises'
            : 'steady',
    ...(rises ? { ratePerIteration: reading.slope } : {}),
    reset:
      resets === 0
        ? 'never'
        : measured.length > 0 && resetIn === measured.length
          ? 'every-iteration'
          : 'sometimes',
    lifeBytes,
    ...(reached === -1 ? {} : { lifeIteration: reached }),
  };
}

const inMegabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

/** What the peaks do, in sentences: how far they spread, whether they rise, and what the program itself reads. */
export function peakSentence({
  peak,
  summary,
  iterations,
  settings,
}: Pick<WatchDocument, 'peak' | 'summary' | 'iterations' | 'settings'>): string {
  return [
    summary === undefined
      ? 'No iteration was measured, so the peak of one is unknown.'
      : spreadSentence(peak, summary),
    lifeSentence(peak, iterations, settings.warmupIterations),
  ].join(' ');
}

function spreadSentence(
  { status, ratePerIteration }: PeakVerdict,
  { peakBytes, transientBytes, iterations }: WatchedSummary,
): string {
  const above = `${inMegabytes(transientBytes.median)} above active memory`;
  const over = counted(iterations, 'iteration');
  switch (status) {
    case 'unknown':
    case 'constant':
      return iterations === 1
        ? `Peak: ${inMegabytes(peakBytes.median)} in the one measured iteration, ${above}.`
        : `Peak: ${inMegabytes(peakBytes.median)} in each of ${over}, constant to the byte, ${above}.`;
    case 'steady':
    case 'rises': {
      const spread = `Peak: median ${inMegabytes(peakBytes.median)} over ${over}, from ${inMegabytes(peakBytes.minimum)} to ${inMegabytes(peakBytes.maximum)}, ${above}`;
      return status === 'steady'
        ? `${spread}; it does not rise.`
        : `${spread}; it rises by ${formatBytes(ratePerIteration ?? 0)} per iteration.`;
    }
  }
}

function lifeSentence(
  { reset, lifeBytes, lifeIteration }: PeakVerdict,
  iterations: readonly WatchedSample[],
  warmupIterations: number,
): string {
  const where =
    lifeIteration === undefined
      ? iterations.length === 0
        ? ''
        : ', reached after the last iteration'
      : lifeIteration === 0
        ? `, reached while it loaded or in ${iterationLabel(0, warmupIterations)}`
        : `, reached in ${iterationLabel(lifeIteration, warmupIterations)}`;
  const highest = `${inMegabytes(lifeBytes)}${where}`;
  switch (reset) {
    case 'never':
      return `The program never resets the peak: what mx.get_peak_memory tells it is the highest of its whole life (${highest}), not of an iteration.`;
    case 'sometimes':
      return `The program resets the peak, but not in every iteration. The highest of its life: ${highest}.`;
    case 'every-iteration':
      return `The program resets the peak in every iteration. The highest of its life: ${highest}.`;
  }
}

/** How iterations were told apart, as a sentence. */
export function marksSentence({ marks, settings }: Pick<WatchDocument, 'marks' | 'settings'>): string {
  const { kind, place = '', calls } = marks;
  switch (kind) {
    case 'function':
      return `The program marked ${counted(calls, 'iteration')}.`;
    case 'timer':
      return `Each interval of ${settings.everySeconds ?? 0} s counts as an iteration: ${counted(calls, 'interval')}.`;
    case 'clear_cache':
    case 'eval':
      return `Iterations were recognized by ${place}, called ${calls === 1 ? 'once' : `${calls} times`}.`;
    case 'none':
      return 'No iterations were recognized: the program neither marked them, nor cleared MLX’s cache, nor evaluated at the same place again and again.';
  }
}

/** The verdicts in a few sentences, as lists of runs have them. */
export function watchedFinding(document: WatchDocument): string {
  const leaks = document.marks.kind === 'none' ? marksSentence(document) : leakSentence(document.leaks);
  return [leaks, peakSentence(document)].filter((sentence) => sentence !== '').join(' ');
}
