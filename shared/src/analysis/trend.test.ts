/** Trend statistics against worked values. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mannKendall, theilSen } from './trend.ts';

test('a rising series scores every pair, a falling one every pair negative', () => {
  assert.equal(mannKendall([1, 2, 3, 4, 5]).score, 10);
  assert.equal(mannKendall([5, 4, 3, 2, 1]).score, -10);
  // n (n - 1) (2 n + 5) / 18.
  assert.ok(Math.abs(mannKendall([1, 2, 3, 4, 5]).variance - 50 / 3) < 1e-12);
});

test('ties take variance away: 1 1 2 2 3 has 4 + 4 less than 5 distinct values', () => {
  // Each tied pair takes 2 * 1 * 9 / 18 = 1 away.
  assert.ok(Math.abs(mannKendall([1, 1, 2, 2, 3]).variance - (50 / 3 - 2)) < 1e-12);
});

test('the p-value is one-sided: growth is small, decline is near one, a constant is one', () => {
  assert.ok(mannKendall([1, 2, 3, 4, 5, 6, 7, 8]).pValue < 0.001);
  assert.ok(mannKendall([8, 7, 6, 5, 4, 3, 2, 1]).pValue > 0.999);
  assert.equal(mannKendall([7, 7, 7, 7]).pValue, 1);
});

test("Theil and Sen's slope ignores an outlier, and its bound lies below it", () => {
  const { slope, lowerBound } = theilSen([0, 2, 4, 6, 1000, 10, 12, 14, 16, 18]);
  assert.equal(slope, 2);
  assert.ok(lowerBound <= 2 && lowerBound > 0);
});

test('an exact line has a bound equal to its slope, a constant has neither', () => {
  assert.deepEqual(theilSen([0, 3, 6, 9, 12, 15]), { slope: 3, lowerBound: 3 });
  assert.deepEqual(theilSen([5, 5, 5, 5]), { slope: 0, lowerBound: 0 });
});

test('NaN and a single sample have no trend', () => {
  assert.throws(() => mannKendall([1, Number.NaN]), /NaN/);
  assert.throws(() => theilSen([1, Number.NaN]), /NaN/);
  assert.throws(() => theilSen([1]), /no samples/);
});
