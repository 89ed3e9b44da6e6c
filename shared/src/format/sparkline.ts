/** Sparklines: a series of figures as one line of block characters. */

const steps = '▁▂▃▄▅▆▇█';

interface SparklineOptions {
  /** Characters at most; of a longer series the newest. */
  readonly width: number;
  /**
   * The least share of the greatest value that the line's height spans, so that noise looks like noise: a series within
   * 0.1% of itself is a flat line. Default: 0.02.
   */
  readonly leastSpan?: number;
}

/** One character a value, oldest first. Empty without values. */
export function sparkline(values: readonly number[], { width, leastSpan = 0.02 }: SparklineOptions): string {
  const shown = width <= 0 ? [] : values.slice(-width);
  if (shown.length === 0) {
    return '';
  }
  const low = Math.min(...shown);
  const high = Math.max(...shown);
  const span = Math.max(high - low, Math.abs(high) * leastSpan);
  // What varies less than the span sits in the middle of it.
  const floor = low - (span - (high - low)) / 2;
  return shown
    .map((value) => {
      const share = span === 0 ? 0.5 : (value - floor) / span;
      // The smallest amount more, since a half reckoned in floating point may come out just below.
      return steps.charAt(Math.min(steps.length - 1, Math.floor(share * steps.length + 1e-9)));
    })
    .join('');
}
