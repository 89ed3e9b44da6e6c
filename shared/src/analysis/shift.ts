/** By how much one sample of measurements lies above another, with an interval that assumes no distribution. */

import { median, sorted } from './statistics.ts';

export interface Shift {
  /** The median of all differences between the two samples (Hodges and Lehmann 1963). */
  readonly estimate: number;
  /** The ends of its two-sided confidence interval, of 95% unless said otherwise. */
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantiles, by the confidence that a two-sided interval of so many deviations has. */
const deviations = { '95%': 1.959963984540054, '99%': 2.5758293035489004 } as const;

export type Confidence = keyof typeof deviations;

/**
 * How far `samples` lie above `reference`: the Hodges–Lehmann estimate, and the interval that inverting Mann and Whitney's
 * test gives it (Hollander and Wolfe, "Nonparametric statistical methods", section 4.3). Throws a RangeError where
 * either is empty or has a NaN.
 */
export function shiftBetween(
  samples: readonly number[],
  reference: readonly number[],
  confidence: Confidence = '95%',
): Shift {
  const differences = sorted(samples.flatMap((value) => reference.map((base) => value - base)));
  const [n, m] = [samples.length, reference.length];
  const halfWidth = deviations[confidence] * Math.sqrt((n * m * (n + m + 1)) / 12);
  const rank = Math.max(0, Math.floor((n * m) / 2 - halfWidth));
  return {
    estimate: median(differences),
    low: differences[rank] ?? Number.NaN,
    high: differences[differences.length - 1 - rank] ?? Number.NaN,
  };
}

/** The same quantity moved by a constant that has no error of its own. */
export const offsetShift = (shift: Shift, by: number): Shift => ({
  estimate: shift.estimate + by,
  low: shift.low + by,
  high: shift.high + by,
});

/**
 * One shift less another, as intervals: the ends are as far apart as they can be, so the result claims no more certainty than
 * its parts have.
 */
export const lessShift = (a: Shift, b: Shift): Shift => ({
  estimate: a.estimate - b.estimate,
  low: a.low - b.high,
  high: a.high - b.low,
});

/** No shift, exactly. */
export const noShift: Shift = { estimate: 0, low: 0, high: 0 };
