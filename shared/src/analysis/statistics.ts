/** Statistics that assume no distribution: order statistics, how far one sample lies above another, and whether a series rises. */

/** Numbers in ascending order, none of them NaN: what the functions here take, so that nobody sorts twice. */
type SortedSamples = readonly number[] & { readonly __brand: 'sorted' };

/** Sorts a copy. Throws a RangeError for no samples or a NaN, which have no order. */
export function sorted(samples: readonly number[]): SortedSamples {
  if (samples.length === 0) {
    throw new RangeError('sorted: there are no samples');
  }
  if (samples.some(Number.isNaN)) {
    throw new RangeError('sorted: a sample is NaN');
  }
  return samples.toSorted((a, b) => a - b) as readonly number[] as SortedSamples;
}

/**
 * The quantile at `fraction` in [0, 1], linear between neighbours: definition 7 of Hyndman and Fan, "Sample quantiles
 * in statistical packages" (1996), which NumPy and R use by default.
 */
export function quantile(samples: SortedSamples, fraction: number): number {
  const position = (samples.length - 1) * fraction;
  const below = samples[Math.floor(position)] ?? Number.NaN;
  const above = samples[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export const median = (samples: SortedSamples): number => quantile(samples, 0.5);

/** Half the width of the middle half: a spread that one outlier cannot move. */
export const interquartileRange = (samples: SortedSamples): number =>
  quantile(samples, 0.75) - quantile(samples, 0.25);

export interface Spread {
  readonly count: number;
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
  readonly interquartileRange: number;
}

/** The figures that a distribution is reported by. Throws as {@link sorted} does. */
export function spreadOf(samples: readonly number[]): Spread {
  const ordered = sorted(samples);
  return {
    count: ordered.length,
    minimum: ordered[0] ?? Number.NaN,
    median: median(ordered),
    maximum: ordered.at(-1) ?? Number.NaN,
    interquartileRange: interquartileRange(ordered),
  };
}

/**
 * The standard normal distribution function, by the continued fraction and series of Marsaglia, "Evaluating the normal
 * distribution" (2004): absolute error below 1e-15 in the middle, 0 or 1 beyond 8 deviations.
 */
export function normalCumulative(z: number): number {
  if (z <= -8) {
    return 0;
  }
  if (z >= 8) {
    return 1;
  }
  let sum = z;
  let term = z;
  for (let order = 3; Math.abs(term) > 1e-17 * Math.max(1, Math.abs(sum)); order += 2) {
    term *= (z * z) / order;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

export interface Shift {
  /** The median of all differences between the two samples (Hodges and Lehmann 1963). */
  readonly estimate: number;
  /** The ends of its two-sided confidence interval, of 95% unless said otherwise. */
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantiles, by the confidence that a two-sided interval of so many deviations has. */
const deviations = { '95%': 1.959963984540054, '99%': 2.5758293035489004 } as const;

type Confidence = keyof typeof deviations;

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

interface MannKendall {
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

/** A value of a series, and its place in it. */
export interface Placed {
  readonly place: number;
  readonly value: number;
}

const valuesOf = (series: readonly Placed[]): number[] => series.map(({ value }) => value);

const placed = (series: readonly number[]): Placed[] => series.map((value, place) => ({ place, value }));

/**
 * Mann's test for a rising trend (Mann, "Nonparametric tests against trend", 1945), with the normal approximation and
 * its continuity correction. A constant series has p = 1. Throws a RangeError for a NaN.
 */
export const mannKendall = (series: readonly number[]): MannKendall => seasonalKendall([placed(series)]);

/**
 * {@link mannKendall} where values differ by season whatever the trend is: each is compared only with others of its own season
 * (Hirsch, Slack, and Smith, "Techniques of trend analysis for monthly water quality data", 1982).
 */
export function seasonalKendall(seasons: readonly (readonly Placed[])[]): MannKendall {
  let score = 0;
  let variance = 0;
  for (const season of seasons) {
    const series = valuesOf(season);
    if (series.some(Number.isNaN)) {
      throw new RangeError('mannKendall: a sample is NaN');
    }
    for (const [later, value] of series.entries()) {
      for (let earlier = 0; earlier < later; earlier += 1) {
        score += Math.sign(value - (series[earlier] ?? Number.NaN));
      }
    }
    variance += scoreVariance(series);
  }
  if (variance === 0) {
    return { score, variance, pValue: 1 };
  }
  const z = (score - Math.sign(score)) / Math.sqrt(variance);
  return { score, variance, pValue: 1 - normalCumulative(z) };
}

interface TheilSen {
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
export const theilSen = (series: readonly number[]): TheilSen => seasonalSlope([placed(series)]);

/** {@link theilSen} over the pairs of each season. Throws as it does, where no season has two samples. */
export function seasonalSlope(seasons: readonly (readonly Placed[])[]): TheilSen {
  const slopes: number[] = [];
  let variance = 0;
  for (const season of seasons) {
    for (const [order, later] of season.entries()) {
      for (const earlier of season.slice(0, order)) {
        slopes.push((later.value - earlier.value) / (later.place - earlier.place));
      }
    }
    variance += scoreVariance(valuesOf(season));
  }
  const ordered = sorted(slopes);
  const halfWidth = oneSided95 * Math.sqrt(variance);
  const rank = Math.max(0, Math.floor((ordered.length - halfWidth) / 2));
  return { slope: median(ordered), lowerBound: ordered[rank] ?? Number.NaN };
}

/**
 * Student's quantile for a normal one, by Fisher and Cornish's expansion (Abramowitz and Stegun 26.7.5): within 0.3% from 4
 * degrees of freedom on.
 */
function studentQuantile(z: number, degrees: number): number {
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return terms.reduce((sum, term, order) => sum + term / degrees ** (order + 1), z);
}

/**
 * How much comes on one unit: all amounts over all units, with the interval of Cochran's ratio estimate ("Sampling
 * techniques", section 6.4) and Student's quantile. Undefined for fewer than two pairs, or where the units add up to nothing.
 */
export function ratioOf(
  pairs: readonly (readonly [amount: number, units: number])[],
  confidence: Confidence = '95%',
): Shift | undefined {
  const sum = (of: (pair: readonly [number, number]) => number): number =>
    pairs.reduce((total, pair) => total + of(pair), 0);
  const units = sum(([, each]) => each);
  const { length } = pairs;
  if (length < 2 || units <= 0) {
    return undefined;
  }
  const estimate = sum(([amount]) => amount) / units;
  const squares = sum(([amount, each]) => (amount - estimate * each) ** 2);
  const error = Math.sqrt((squares * length) / (length - 1)) / units;
  const halfWidth = studentQuantile(deviations[confidence], length - 1) * error;
  return { estimate, low: estimate - halfWidth, high: estimate + halfWidth };
}
