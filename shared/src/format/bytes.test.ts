/** Tests of byte counts as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from './bytes.ts';

test('checkpoint sizes are shown in decimal megabytes with one digit', () => {
  assert.equal(formatBytes(163_526_908), '163.5 MB');
  assert.equal(formatBytes(327_053_728), '327.1 MB');
  assert.equal(formatBytes(666_000_000), '666.0 MB');
});

test('a leak of four bytes is not rounded away', () => {
  assert.equal(formatBytes(4), '4 B');
  assert.equal(formatBytes(16 * 1024), '16.4 kB');
  assert.equal(formatBytes(0), '0 B');
});

test('gigabytes begin at ten to the ninth', () => {
  assert.equal(formatBytes(999_949_999), '999.9 MB');
  assert.equal(formatBytes(1_234_000_000), '1.23 GB');
  assert.equal(formatBytes(5e12), '5,000.00 GB');
});

test('a value that would round to a thousand moves up one unit', () => {
  assert.equal(formatBytes(999_960), '1.0 MB');
  assert.equal(formatBytes(-999_960), '-1.0 MB');
  assert.equal(formatBytes(999_940), '999.9 kB');
  assert.equal(formatBytes(2 ** 20 - 1, { unit: 'binary' }), '1.0 MiB');
});

test('binary units are there for those who ask', () => {
  assert.equal(formatBytes(2 ** 20, { unit: 'binary' }), '1.0 MiB');
  assert.equal(formatBytes(1000, { unit: 'binary' }), '1,000 B');
  assert.equal(formatBytes(163_526_908, { unit: 'MiB' }), '156.0 MiB');
});

test('a column can hold one unit and one number of digits', () => {
  assert.equal(formatBytes(1_234_567_890, { unit: 'MB' }), '1,234.6 MB');
  assert.equal(formatBytes(500, { unit: 'MB', fractionDigits: 3 }), '0.001 MB');
  assert.equal(formatBytes(163_526_908, { unit: 'B' }), '163,526,908 B');
});

test('significant digits are counted over the whole number', () => {
  assert.equal(formatBytes(163_526_908, { significantDigits: 3 }), '164 MB');
  assert.equal(formatBytes(2_845_000, { significantDigits: 3 }), '2.85 MB');
  assert.equal(formatBytes(999_600, { significantDigits: 3 }), '1.00 MB');
});

test('a difference shows its sign, and nothing has none', () => {
  assert.equal(formatBytes(105_200_000, { sign: true }), '+105.2 MB');
  assert.equal(formatBytes(-36_000_000, { sign: true }), '-36.0 MB');
  assert.equal(formatBytes(0, { sign: true }), '0 B');
  assert.equal(formatBytes(-36_000_000), '-36.0 MB');
  assert.equal(formatBytes(-1, { unit: 'MB' }), '0.0 MB');
});

test('what is no number is refused', () => {
  assert.throws(() => formatBytes(NaN), RangeError);
  assert.throws(() => formatBytes(Infinity), RangeError);
});
