/** From what a clock on the wall shows in a zone to the instant, where clocks are set forward and back. */

import { tzOffset } from '@date-fns/tz/tzOffset';

/**
 * What a wall clock shows, as the milliseconds since 1970 of a UTC clock that shows the same: a kind of its own, so that it
 * is never taken for an instant.
 */
export type WallTime = number & { readonly __brand: 'wall' };

export const wallTime = (milliseconds: number): WallTime => milliseconds as WallTime;

/** How far the zone's clocks are ahead of UTC at an instant, in milliseconds. Throws a RangeError for an unknown zone. */
export function offsetAt(timeZone: string, instant: number): number {
  const minutes = tzOffset(timeZone, new Date(instant));
  if (!Number.isFinite(minutes)) {
    throw new RangeError(`not a time zone: ${timeZone}`);
  }
  return Math.round(minutes * 60_000);
}

export const wallTimeAt = (timeZone: string, instant: number): WallTime =>
  wallTime(instant + offsetAt(timeZone, instant));

/** Longer than any offset and any gap (Samoa left out a whole day in 2011), and shorter than the time between two changes. */
const reach = 36 * 3_600_000;

/**
 * The instant at which the zone's clocks show `wall`: the first one where they show it twice, and where they skip it the
 * end of the gap, when they have just been set forward. So later wall times never give earlier instants.
 */
export function instantOf(timeZone: string, wall: WallTime): number {
  const before = offsetAt(timeZone, wall - reach);
  const after = offsetAt(timeZone, wall + reach);
  // The larger offset gives the earlier instant.
  for (const offset of [Math.max(before, after), Math.min(before, after)]) {
    const instant = wall - offset;
    if (offsetAt(timeZone, instant) === offset) {
      return instant;
    }
  }
  return firstChange(timeZone, wall - reach, wall + reach) ?? wall - after;
}

/** Shorter than the time between two changes of a zone's offset. */
const stride = 7 * 86_400_000;

/** The first instant after `start`, up to `end`, with another offset than `start` has; undefined where there is none. */
export function firstChange(timeZone: string, start: number, end: number): number | undefined {
  const offset = offsetAt(timeZone, start);
  let same = start;
  let other = start;
  while (other < end && offsetAt(timeZone, other) === offset) {
    same = other;
    other = Math.min(end, other + stride);
  }
  if (offsetAt(timeZone, other) === offset) {
    return undefined;
  }
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(timeZone, middle) === offset) {
      same = middle;
    } else {
      other = middle;
    }
  }
  return other;
}
