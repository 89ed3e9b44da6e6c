/** Did it get worse: two runs of the same work held against each other, with their noise. */

import { formatBytes } from '../format/bytes.ts';
import { formatDuration, formatPercent } from '../format/numbers.ts';
import type { ChangeStatus, MetricChange } from '../protocol/comparison-document.ts';
import { median, shiftBetween, sorted } from './statistics.ts';

/**
 * The fewest iterations of each run from which a verdict follows: of five and five that differ by nothing but chance, all of
 * one lie above all of the other with a probability of 1 in 252, of four and four in 1 of 70.
 */
const fewestForChange = 5;

/** Below this share of the first run's median a difference of memory is not worth a person's time. */
export const defaultThreshold = 0.02;

/**
 * Two runs' times differ by what else the machine does, which no interval over one run's iterations shows: beside other work
 * a model took 3.4 s where it otherwise took 2.5 s. So a time takes a larger difference, and its sentence says why.
 */
export const leastTimeThreshold = 0.1;

interface MetricSeries {
  readonly metric: MetricChange['metric'];
  /** Of each measured iteration, in bytes or seconds. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** A share of the first run's median. */
  readonly threshold: number;
  /** Why nothing can be said whatever the figures are, as a clause. */
  readonly obstacle?: string | undefined;
}

/**
 * Worse (or better) where the 99% interval of the difference is on one side of nothing and the difference is above the
 * threshold; the same where the whole interval is within the threshold; else inconclusive. So of runs that differ by
 * chance alone at most 1% are called either, which regression.test.ts holds it to. Never throws.
 */
export function judgeChange({ metric, before, after, threshold, obstacle }: MetricSeries): MetricChange {
  const unit = metric === 'seconds' ? 'seconds' : 'bytes';
  const head = { metric, unit, threshold } as const;
  const middles = { ...middleOf('before', before), ...middleOf('after', after) };
  const reason = obstacle ?? unreadable(before, after);
  if (reason !== undefined) {
    return {
      ...head,
      ...middles,
      status: 'inconclusive',
      sentence: `${capitalized(names[metric])} cannot be judged: ${reason}.`,
      reason,
    };
  }
  const difference = shiftBetween(after, before, '99%');
  const base = median(sorted(before));
  const bound = threshold * Math.abs(base);
  const status = statusOf(difference, bound);
  const counts = [before.length, after.length] as const;
  const words = { metric, difference, base, threshold };
  return {
    ...head,
    ...middles,
    status,
    difference,
    ...(base === 0 ? {} : { share: difference.estimate / base }),
    ...(status === 'inconclusive'
      ? {
          sentence: `It is unclear whether ${names[metric]} changed: ${uncertainty(words, counts)}.`,
          reason: uncertainty(words, counts),
        }
      : { sentence: sentenceOf(status, words) }),
  };
}

function middleOf(
  side: 'before' | 'after',
  values: readonly number[],
): Pick<MetricChange, 'before' | 'after'> {
  return values.length === 0 || !values.every(Number.isFinite)
    ? {}
    : { [side]: { count: values.length, median: median(sorted(values)) } };
}

function unreadable(before: readonly number[], after: readonly number[]): string | undefined {
  if (![...before, ...after].every(Number.isFinite)) {
    return 'a value is not a number';
  }
  const fewest = Math.min(before.length, after.length);
  return fewest < fewestForChange
    ? `a verdict takes at least ${fewestForChange} measured iterations on each side, and there are ${before.length} and ${after.length}`
    : undefined;
}

interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

function statusOf({ estimate, low, high }: Interval, bound: number): ChangeStatus {
  if (low > 0 && estimate > bound) {
    return 'worse';
  }
  if (high < 0 && estimate < -bound) {
    return 'better';
  }
  return low >= -bound && high <= bound ? 'same' : 'inconclusive';
}

const names: Readonly<Record<MetricChange['metric'], string>> = {
  active: 'active memory',
  peak: 'the peak',
  seconds: 'the time per iteration',
};

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

interface Judged {
  readonly metric: MetricChange['metric'];
  readonly difference: Interval;
  /** The first run's median. */
  readonly base: number;
  readonly threshold: number;
}

const magnitude = (metric: MetricChange['metric'], value: number): string =>
  metric === 'seconds' ? formatDuration(Math.abs(value)) : formatBytes(Math.abs(value));

const signed = (metric: MetricChange['metric'], value: number): string =>
  `${value < 0 ? '-' : '+'}${magnitude(metric, value)}`;

const shareOf = ({ difference: { estimate }, base }: Judged): string =>
  base === 0 ? '' : ` (${formatPercent(Math.abs(estimate / base))})`;

const limitOf = ({ threshold }: Judged): string =>
  formatPercent(threshold, { fractionDigits: threshold * 100 === Math.round(threshold * 100) ? 0 : 1 });

const noisy = (metric: MetricChange['metric']): string =>
  metric === 'seconds' ? '; other work on the machine also affects times' : '';

function sentenceOf(status: Exclude<ChangeStatus, 'inconclusive'>, judged: Judged): string {
  const { metric, difference } = judged;
  const { estimate, low, high } = difference;
  const name = capitalized(names[metric]);
  const noise = low === high ? 'exactly' : `99% interval ${signed(metric, low)} to ${signed(metric, high)}`;
  switch (status) {
    case 'worse':
    case 'better':
      return `${name} is ${magnitude(metric, estimate)}${shareOf(judged)} ${status === 'worse' ? 'higher' : 'lower'}, ${noise}${noisy(metric)}.`;
    case 'same':
      return low === 0 && high === 0
        ? `${name} is the same.`
        : `${name} is the same within ${limitOf(judged)}: it differs by ${signed(metric, estimate)}, ${noise}.`;
  }
}

/** What the interval holds that excludes each other: no change and one that counts, or one that counts and one that does not. */
function uncertainty(judged: Judged, [before, after]: readonly [before: number, after: number]): string {
  const { metric, difference, base, threshold } = judged;
  const { estimate, low, high } = difference;
  const bound = threshold * Math.abs(base);
  const limit = `the threshold of ${limitOf(judged)}${base === 0 ? '' : ` (${magnitude(metric, bound)})`}`;
  const held =
    low > 0 || high < 0 ? `lies on both sides of ${limit}` : `includes no change and exceeds ${limit}`;
  return (
    `it differs by ${signed(metric, estimate)}${shareOf(judged)}, and the 99% interval of ${before} and ${after} iterations, ` +
    `${signed(metric, low)} to ${signed(metric, high)}, ${held}${noisy(metric)}`
  );
}
