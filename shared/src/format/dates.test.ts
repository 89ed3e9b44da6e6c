/** Tests of moments as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDateTime, formatRelative } from './dates.ts';

test('a moment is shown in local time with the month by name', () => {
  assert.equal(formatDateTime(new Date(2025, 10, 4, 9, 7)), '4 Nov 2025, 09:07');
});

test('a distance in time is said from where the reader stands', () => {
  const now = new Date(2025, 10, 4, 12, 0, 0);
  const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
  assert.equal(formatRelative(before(0.2), now), 'just now');
  assert.equal(formatRelative(before(45), now), '45 seconds ago');
  assert.equal(formatRelative(before(179), now), '2 minutes ago');
  assert.equal(formatRelative(before(-7200), now), 'in 2 hours');
});

test('an invalid date is refused', () => {
  assert.throws(() => formatDateTime(new Date(NaN)), RangeError);
  assert.throws(() => formatRelative(new Date(NaN), new Date()), RangeError);
});
