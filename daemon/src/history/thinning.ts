/** Chooses which points of a long series to show, so that its course and its extremes stay. Pure. */

/**
 * The places of at most `limit` values, in order: the first and the last, and between them the least and the greatest of
 * equal buckets, so that no peak is lost. With a limit of 1 it is the last one.
 */
export function thinnedPlaces(values: readonly number[], limit: number): number[] {
  const { length } = values;
  if (length <= limit) {
    return [...values.keys()];
  }
  if (limit <= 0) {
    return [];
  }
  if (limit === 1) {
    return [length - 1];
  }
  const inner = limit - 2;
  const places = [0];
  if (inner === 1) {
    places.push(extremesOf(values, 1, length - 1).greatest);
  } else {
    const buckets = Math.floor(inner / 2);
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const from = 1 + Math.floor((bucket * (length - 2)) / buckets);
      const to = 1 + Math.floor(((bucket + 1) * (length - 2)) / buckets);
      const { least, greatest } = extremesOf(values, from, to);
      places.push(...new Set([Math.min(least, greatest), Math.max(least, greatest)]));
    }
  }
  places.push(length - 1);
  return places;
}

/** The places of the first least and the first greatest value from `from` to before `to`. */
function extremesOf(
  values: readonly number[],
  from: number,
  to: number,
): { readonly least: number; readonly greatest: number } {
  let least = from;
  let greatest = from;
  for (let place = from + 1; place < to; place += 1) {
    const value = values[place] ?? Number.NaN;
    if (value < (values[least] ?? Number.NaN)) {
      least = place;
    }
    if (value > (values[greatest] ?? Number.NaN)) {
      greatest = place;
    }
  }
  return { least, greatest };
}
