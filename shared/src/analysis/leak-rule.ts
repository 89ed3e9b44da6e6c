/** The leak rule: when a rising series is called a leak, and the smallest leak that a clean one excludes. */

import type { TrendReading } from '../protocol/leak-verdicts.ts';
import { interquartileRange, mannKendall, median, sorted, theilSen } from './statistics.ts';
import { isReadByText, noiseByText, readTrendByText, textRule } from './text-trend.ts';

/** Fewer measured iterations than this leave each half with too few for its own test. */
export const fewestIterations = 10;

/** Bounds of the rule. Error rates that they give are measured in leak-rule.test.ts. */
export const leakRule = {
  overallPValue: 0.01,
  halfPValue: 0.05,
  /** The confirmation run is this many times as long as the first. */
  confirmationFactor: 2,
  /** The confirmed slope must be at least this share of the first one. */
  confirmedSlopeShare: 0.5,
} as const;

/** How many iterations a confirmation run has. With several `texts` it is whole passes over those that the first run said. */
export function confirmationLength(iterations: number, texts = 1): number {
  const length = leakRule.confirmationFactor * iterations;
  const said = Math.min(texts, iterations);
  return said < 2
    ? length
    : said * Math.max(textRule.fewestVisits, Math.ceil(Math.max(length, textRule.fewestIterations) / said));
}

/**
 * Reads one series of measured iterations (warm-up already dropped): rising when the test says so overall and in each
 * half by itself, and the slope's lower bound is above `threshold`. A plateau after a warm-up and a single step each
 * fail in one of the halves. `texts` says which text each iteration said: where there are several and each was said often
 * enough, a text is compared only with itself. Throws a RangeError for a NaN or fewer than two samples.
 */
export function readTrend(
  series: readonly number[],
  threshold: number,
  texts?: readonly number[],
): TrendReading {
  if (isReadByText(texts)) {
    return readTrendByText(series, texts, threshold);
  }
  const { values, step } = shortened(series);
  const middle = Math.floor(values.length / 2);
  const { pValue } = mannKendall(values);
  const firstHalfPValue = mannKendall(values.slice(0, middle)).pValue;
  const secondHalfPValue = mannKendall(values.slice(middle)).pValue;
  const perStep = theilSen(values);
  const slope = perStep.slope / step;
  const lowerBound = perStep.lowerBound / step;
  return {
    count: series.length,
    rising:
      pValue < leakRule.overallPValue &&
      firstHalfPValue < leakRule.halfPValue &&
      secondHalfPValue < leakRule.halfPValue &&
      lowerBound > threshold,
    slope,
    slopeLowerBound: lowerBound,
    pValue,
    firstHalfPValue,
    secondHalfPValue,
  };
}

/** Twice as many samples take four times as long and as much memory, and tell no more about a trend. */
const mostSamples = 500;

/** The medians of equal blocks of a long series; what does not fill a block at its end is left out. */
function shortened(series: readonly number[]): { values: readonly number[]; step: number } {
  const step = Math.ceil(series.length / mostSamples);
  if (step <= 1) {
    return { values: series, step: 1 };
  }
  const values = Array.from({ length: Math.floor(series.length / step) }, (_, block) =>
    median(sorted(series.slice(block * step, (block + 1) * step))),
  );
  return { values, step };
}

/**
 * Whether a confirmation run bears out what the first one said: rising again, at half the slope or more. Of several texts the
 * first run says each for the first time, which may cost memory once, so its slope is no measure; there the reading itself
 * asks that the rise goes on at half its slope.
 */
export function isConfirmed(
  first: TrendReading,
  confirmation: TrendReading,
  texts?: readonly number[],
): boolean {
  return (
    first.rising &&
    confirmation.rising &&
    (isReadByText(texts) || confirmation.slope >= leakRule.confirmedSlopeShare * first.slope)
  );
}

/**
 * The smallest steady leak per iteration that the rule would have found, with at least 95% probability, in a series of
 * this length and noise. A constant series hides nothing: there a leak of one unit above the threshold would have been seen.
 *
 * The factor on the noise's deviation is that of 15 iterations, carried to other lengths as a regression's slope is
 * (its error falls with the length to the power of 1.5); leak-rule.test.ts holds it to that probability. Noise of another
 * kind, such as a step down half way, can hide more than its deviation says. So the leak is also added to the series
 * itself, and enlarged until the rule does find it. Infinity where it finds none.
 */
export function smallestDetectableSlope(
  series: readonly number[],
  threshold: number,
  texts?: readonly number[],
): number {
  const [deviation, factor] = isReadByText(texts)
    ? [noiseByText(series, texts), textRule.leakPerDeviation]
    : [noiseDeviation(series), leakPerDeviation];
  const byNoise = threshold + (deviation === 0 ? 1 : factor * deviation * (15 / series.length) ** 1.5);
  // What it rises by already is not to help the leak that is added.
  const risen = Math.max(0, readTrend(series, threshold, texts).slope);
  const isFound = (slope: number): boolean =>
    readTrend(
      series.map((value, iteration) => value + (slope - risen) * iteration),
      threshold,
      texts,
    ).rising;
  if (isFound(byNoise)) {
    return byNoise;
  }
  let hidden = byNoise;
  let found = 2 * byNoise;
  while (!isFound(found)) {
    hidden = found;
    found *= 2;
    if (!Number.isFinite(found)) {
      return Number.POSITIVE_INFINITY;
    }
  }
  while (found - hidden > 0.02 * found) {
    const middle = (found + hidden) / 2;
    if (isFound(middle)) {
      found = middle;
    } else {
      hidden = middle;
    }
  }
  return found;
}

/** In units of the noise's deviation, for 15 iterations. */
const leakPerDeviation = 1.25;

/** The noise's standard deviation from differences of neighbours, which a slow trend hardly moves. */
export function noiseDeviation(series: readonly number[]): number {
  const differences = series.slice(1).map((value, index) => value - (series[index] ?? Number.NaN));
  // A normal distribution's quartiles lie 1.349 deviations apart; a difference has the noise twice.
  return interquartileRange(sorted(differences)) / 1.349 / Math.SQRT2;
}
