/** Where a series has warmed up, read from its values. */

/** Iterations that differ by less than this share of their size are alike: peaks on a CPU repeat to a tenth of a percent. */
const alikeShare = 0.001;

/**
 * How many values at the start of a series are warm-up, at most half, and so few that `fewestKept` stay: those without which the mean of the rest is known best, by
 * the marginal standard error rule (White, "An effective truncation heuristic for bias reduction in simulation output", 1997).
 * None where the first value is like those that stay. Throws a RangeError for a NaN.
 */
export function recognizeWarmup(series: readonly number[], fewestKept = 1): number {
  if (series.some(Number.isNaN)) {
    throw new RangeError('recognizeWarmup: a value is NaN');
  }
  const most = Math.min(Math.floor(series.length / 2), series.length - fewestKept);
  let best = { dropped: 0, error: Number.POSITIVE_INFINITY };
  for (let dropped = 0; dropped <= most; dropped += 1) {
    const error = squaredError(series.slice(dropped));
    if (error < best.error) {
      best = { dropped, error };
    }
  }
  // One value that is off later on makes the rule drop all before it. A series that begins like the values that stay has no start
  // to drop.
  const rest = series.slice(best.dropped);
  const [first = Number.NaN] = series;
  const alike = alikeShare * Math.max(...rest.map(Math.abs));
  return first < Math.min(...rest) - alike || first > Math.max(...rest) + alike ? best.dropped : 0;
}

/** The square of the mean's standard error, by the population's variance, as the rule has it. */
function squaredError(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length ** 2;
}
