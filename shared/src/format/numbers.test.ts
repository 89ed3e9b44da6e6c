/** Tests of durations, shares and counts as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount, formatDuration, formatPercent } from './numbers.ts';

test('a duration is shown in the unit that a person would say', () => {
  assert.equal(formatDuration(0), '0 s');
  assert.equal(formatDuration(0.000_012), '12 µs');
  assert.equal(formatDuration(0.0042), '4.2 ms');
  assert.equal(formatDuration(0.85), '850 ms');
  assert.equal(formatDuration(6.2), '6.20 s');
  assert.equal(formatDuration(44.5), '44.5 s');
  assert.equal(formatDuration(139), '2 min 19 s');
  assert.equal(formatDuration(3780), '1 h 3 min');
});

test('rounding never shows sixty seconds, sixty minutes or a thousand milliseconds', () => {
  assert.equal(formatDuration(0.9996), '1.00 s');
  assert.equal(formatDuration(9.996), '10.0 s');
  assert.equal(formatDuration(59.96), '1 min 0 s');
  assert.equal(formatDuration(3599.6), '1 h 0 min');
  assert.equal(formatDuration(7199), '2 h 0 min');
});

test('a share is shown as a percentage', () => {
  assert.equal(formatPercent(0.161), '16.1%');
  assert.equal(formatPercent(1), '100.0%');
  assert.equal(formatPercent(-0.0539, { sign: true }), '-5.4%');
  assert.equal(formatPercent(0.158, { sign: true, fractionDigits: 0 }), '+16%');
});

test('thousands are set apart', () => {
  assert.equal(formatCount(106_800), '106,800');
});

test('what is no number is refused', () => {
  assert.throws(() => formatDuration(-1), RangeError);
  assert.throws(() => formatDuration(NaN), RangeError);
  assert.throws(() => formatPercent(NaN), RangeError);
});
