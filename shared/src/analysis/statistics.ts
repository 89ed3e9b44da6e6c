/** Order statistics of samples: medians and spreads, since peaks and footprints have long tails. */

/** Numbers in ascending order, none of them NaN: what the functions here take, so that nobody sorts twice. */
export type SortedSamples = readonly number[] & { readonly __brand: 'sorted' };

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
