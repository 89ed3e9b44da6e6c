/**
 * Reads a trend where iterations say different texts. What a text takes depends on the text, so a series that rises may only
 * have come to the longer ones. Each text is therefore compared with itself alone: texts are the seasons of a seasonal test.
 */

import type { TrendReading } from '../protocol/leak-verdicts.ts';
import { interquartileRange, median, seasonalKendall, seasonalSlope, sorted } from './statistics.ts';
import type { Placed } from './statistics.ts';

/** Bounds of the rule for several texts. Error rates that they give are measured in text-trend.test.ts. */
export const textRule = {
  /** Two in each half: with three, a single step in the middle would show in both halves. */
  fewestVisits: 4,
  /** Overall and in each half. A half that is asked more than the leak rule asks is what tells growth that ends. */
  pValue: 0.01,
  /** The second half rises at this share of the first one's slope at least. */
  secondHalfShare: 0.5,
  /** A confirmation is at least so long, so that each of a handful of texts is said often enough. */
  fewestIterations: 40,
  /** Of the smallest leak that is found, in units of the noise's deviation, for 15 iterations. */
  leakPerDeviation: 1.7,
} as const;

/** More pairs than this take seconds, and tell no more. */
const mostPairs = 200_000;

/**
 * Whether there are several texts, and every one was said so often that a rise from each visit to the next would be beyond
 * chance in each half.
 */
export function isReadByText(texts: readonly number[] | undefined): texts is readonly number[] {
  const counts = new Map<number, number>();
  for (const text of texts ?? []) {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size < 2) {
    return false;
  }
  const fewest = Math.min(...counts.values());
  const rising = [...Array(Math.floor(fewest / 2)).keys()].map((place) => ({ place, value: place }));
  return (
    fewest >= textRule.fewestVisits &&
    seasonalKendall(Array.from({ length: counts.size }, () => rising)).pValue < textRule.pValue
  );
}

/**
 * `texts` says which text each iteration of `series` said. Rising when the seasonal test says so overall and in each half of
 * every text's visits by itself, the slope's lower bound is above `threshold`, and the second half rises at the slope of the
 * first or a good share of it. Throws a RangeError for a NaN.
 */
export function readTrendByText(
  series: readonly number[],
  texts: readonly number[],
  threshold: number,
): TrendReading {
  const seasons = shortened(seasonsOf(series, texts));
  const firstHalf = seasons.map((visits) => visits.slice(0, Math.floor(visits.length / 2)));
  const secondHalf = seasons.map((visits) => visits.slice(Math.ceil(visits.length / 2)));
  const { pValue } = seasonalKendall(seasons);
  const firstHalfPValue = seasonalKendall(firstHalf).pValue;
  const secondHalfPValue = seasonalKendall(secondHalf).pValue;
  const { slope, lowerBound } = seasonalSlope(seasons);
  return {
    count: series.length,
    rising:
      [pValue, firstHalfPValue, secondHalfPValue].every((each) => each < textRule.pValue) &&
      lowerBound > threshold &&
      seasonalSlope(secondHalf).slope >= textRule.secondHalfShare * seasonalSlope(firstHalf).slope,
    slope,
    slopeLowerBound: lowerBound,
    pValue,
    firstHalfPValue,
    secondHalfPValue,
  };
}

/** The noise's standard deviation, from what a text leaves from one visit to the next. */
export function noiseByText(series: readonly number[], texts: readonly number[]): number {
  const differences = seasonsOf(series, texts).flatMap((visits) =>
    visits.slice(1).map(({ value }, index) => value - (visits[index]?.value ?? Number.NaN)),
  );
  // A normal distribution's quartiles lie 1.349 deviations apart; a difference has the noise twice.
  return interquartileRange(sorted(differences)) / 1.349 / Math.SQRT2;
}

function seasonsOf(series: readonly number[], texts: readonly number[]): Placed[][] {
  const seasons = new Map<number, Placed[]>();
  for (const [place, value] of series.entries()) {
    const text = texts[place] ?? 0;
    const visits = seasons.get(text) ?? [];
    visits.push({ place, value });
    seasons.set(text, visits);
  }
  return [...seasons.values()];
}

/** The medians of blocks of a text's visits, where all visits make too many pairs. */
function shortened(seasons: readonly (readonly Placed[])[]): readonly (readonly Placed[])[] {
  const pairs = seasons.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  const step = Math.ceil(Math.sqrt(pairs / mostPairs));
  const isShort = (visits: readonly Placed[]): boolean => visits.length < textRule.fewestVisits * step;
  if (step <= 1 || seasons.some(isShort)) {
    return seasons;
  }
  return seasons.map((visits) =>
    Array.from({ length: Math.floor(visits.length / step) }, (_, index) => {
      const block = visits.slice(index * step, (index + 1) * step);
      return {
        place: median(sorted(block.map(({ place }) => place))),
        value: median(sorted(block.map(({ value }) => value))),
      };
    }),
  );
}
