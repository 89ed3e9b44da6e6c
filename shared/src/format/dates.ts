/** Moments as text, in the reader's own time zone. */

// By function: date-fns's index loads its 250 modules one by one, which takes half a second.
import { format } from 'date-fns/format';
import { formatDistanceStrict } from 'date-fns/formatDistanceStrict';

/** `24 Nov 2025, 11:07`. Throws a RangeError on an invalid date. */
export function formatDateTime(date: Date): string {
  return format(date, 'd MMM yyyy, HH:mm');
}

/** `3 minutes ago`, or `in 2 hours`, seen from `now`. Throws a RangeError on an invalid date. */
export function formatRelative(date: Date, now: Date): string {
  const apart = Math.abs(date.getTime() - now.getTime());
  if (apart < 1000) {
    return 'just now';
  }
  return formatDistanceStrict(date, now, { addSuffix: true, roundingMethod: 'floor' });
}
