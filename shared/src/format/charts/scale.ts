/** Linear scales and the round numbers along them. */

export interface Scale {
  /** The position of a value, in the units of the drawing. */
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Steps between ticks: 1, 2 or 5 times a power of ten. */
function tickStep(span: number, count: number): number {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const leading = raw / power;
  return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

/**
 * A scale from `[low, high]`, widened to whole ticks, onto `[from, to]`. About `count` ticks. A span of nothing is widened to 1.
 * Throws a RangeError for an end that is not finite.
 */
export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  count: number,
): Scale {
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new RangeError(`linearScale: [${low}, ${high}] is not a range`);
  }
  const step = tickStep(high > low ? high - low : 1, count);
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const start = first * step;
  const position = (value: number): number =>
    from + ((value - start) / ((last - first) * step)) * (to - from);
  return Object.assign(position, { ticks });
}
