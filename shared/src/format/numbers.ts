/** Durations, shares, counts and lists as text. */

/**
 * Seconds as text, in the unit that a person would say: `850 ms`, `6.2 s`, `2 min 19 s`, `1 h 3 min`.
 * Throws a RangeError when `seconds` is negative or not finite.
 */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new RangeError(`not a duration: ${seconds} s`);
  }
  if (seconds === 0) {
    return '0 s';
  }
  // Each limit is where the unit below would round up into the one above.
  if (seconds < 0.000_999_5) {
    return `${(seconds * 1e6).toFixed(0)} µs`;
  }
  if (seconds < 0.009_95) {
    return `${(seconds * 1e3).toFixed(1)} ms`;
  }
  if (seconds < 0.9995) {
    return `${(seconds * 1e3).toFixed(0)} ms`;
  }
  if (seconds < 9.995) {
    return `${seconds.toFixed(2)} s`;
  }
  if (seconds < 59.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

interface FormatPercentOptions {
  /** Digits after the point. Default: one. */
  readonly fractionDigits?: number;
  /** Whether a value above zero gets a plus sign: for differences. */
  readonly sign?: boolean;
}

/** A share of one as a percentage: 0.161 is `16.1%`. Throws a RangeError when it is not finite. */
export function formatPercent(share: number, options: FormatPercentOptions = {}): string {
  if (!Number.isFinite(share)) {
    throw new RangeError(`not a share: ${share}`);
  }
  const { fractionDigits = 1, sign = false } = options;
  return new Intl.NumberFormat('en-US', {
    style: 'percent',
    minimumFractionDigits: fractionDigits,
    maximumFractionDigits: fractionDigits,
    signDisplay: sign ? 'exceptZero' : 'negative',
  }).format(share);
}

/** A count with its thousands set apart: `106,800`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 run`, `1,200 runs`, `2 hypotheses`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** `a, b, and c`. */
export const formatList = (parts: readonly string[]): string => new Intl.ListFormat('en-US').format(parts);
