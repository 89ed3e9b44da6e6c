/** Is a series rising, and how fast: Mann and Kendall's test, Theil and Sen's slope. Neither assumes normal noise. */

import { median, normalCumulative, sorted } from './statistics.ts';

export interface MannKendall {
  /** Pairs that rise less pairs that fall. */
  readonly score: number;
  readonly variance: number;
  /** The probability of a score at least so high where there is no trend. One-sided: only growth is of interest. */
  readonly pValue: number;
}

/** The score's variance where there is no trend, corrected for ties (Kendall, "Rank Correlation Methods", 1975). */
function scoreVariance(series: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of series) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const term = (n: number): number => n * (n - 1) * (2 * n + 5);
  let variance = term(series.length);
  for (const count of counts.values()) {
    variance -= term(count);
  }
  return variance / 18;
}

/**
 * Mann's test for a rising trend (Mann, "Nonparametric tests against trend", 1945), with the normal approximation and
 * its continuity correction. A constant series has p = 1. Throws a RangeError for a NaN.
 */
export function mannKendall(series: readonly number[]): MannKendall {
  if (series.some(Number.isNaN)) {
    throw new RangeError('mannKendall: a sample is NaN');
  }
  let score = 0;
  for (const [later, value] of series.entries()) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      score += Math.sign(value - (series[earlier] ?? Number.NaN));
    }
  }
  const variance = scoreVariance(series);
  if (variance === 0) {
    return { score, variance, pValue: 1 };
  }
  const z = (score - Math.sign(score)) / Math.sqrt(variance);
  return { score, variance, pValue: 1 - normalCumulative(z) };
}

export interface TheilSen {
  /** The median of the slopes between all pairs, per iteration. */
  readonly slope: number;
  /** The lower end of the slope's one-sided confidence interval. */
  readonly lowerBound: number;
}

/** The standard normal quantile at 0.95: a one-sided bound that holds in 19 of 20 series. */
const oneSided95 = 1.6448536269514722;

/**
 * The median slope (Theil 1950) and the lower bound that Sen gives it ("Estimates of the regression coefficient based
 * on Kendall's tau", 1968), one-sided at 95%. Throws a RangeError for fewer than two samples or a NaN.
 */
export function theilSen(series: readonly number[]): TheilSen {
  const slopes: number[] = [];
  for (const [later, value] of series.entries()) {
    for (let earlier = 0; earlier < later; earlier += 1) {
      slopes.push((value - (series[earlier] ?? Number.NaN)) / (later - earlier));
    }
  }
  const ordered = sorted(slopes);
  const halfWidth = oneSided95 * Math.sqrt(scoreVariance(series));
  const rank = Math.max(0, Math.floor((ordered.length - halfWidth) / 2));
  return { slope: median(ordered), lowerBound: ordered[rank] ?? Number.NaN };
}
