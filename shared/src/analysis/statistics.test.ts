/** The statistics against worked values, and an interval's coverage by simulation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNormal } from '../../test/simulated-series.ts';
import {
  mannKendall,
  normalCumulative,
  quantile,
  shiftBetween,
  sorted,
  spreadOf,
  theilSen,
} from './statistics.ts';

test('quantiles lie on the line between neighbours', () => {
  const samples = sorted([4, 1, 3, 2]);
  assert.equal(quantile(samples, 0), 1);
  assert.equal(quantile(samples, 1), 4);
  assert.equal(quantile(samples, 0.5), 2.5);
  assert.equal(quantile(samples, 0.25), 1.75);
});

test('a spread says count, ends, middle and width', () => {
  assert.deepEqual(spreadOf([5, 1, 9]), {
    count: 3,
    minimum: 1,
    median: 5,
    maximum: 9,
    interquartileRange: 4,
  });
});

test('nothing and NaN have no order', () => {
  assert.throws(() => sorted([]), /no samples/);
  assert.throws(() => sorted([1, Number.NaN]), /NaN/);
});

test('the normal distribution function agrees with tables, tails included', () => {
  const table: readonly [z: number, probability: number][] = [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.6448536269514722, 0.05],
    [2.3263478740408408, 0.99],
    [-6, 9.865876450376946e-10],
  ];
  for (const [z, probability] of table) {
    assert.ok(Math.abs(normalCumulative(z) - probability) < 1e-14, `at ${z}`);
  }
  assert.equal(normalCumulative(-9), 0);
  assert.equal(normalCumulative(9), 1);
});

test('constants differ by exactly their difference', () => {
  assert.deepEqual(shiftBetween([5, 5, 5, 5], [2, 2, 2, 2]), { estimate: 3, low: 3, high: 3 });
});

test('an outlier does not move the estimate', () => {
  const { estimate, low, high } = shiftBetween([11, 12, 13, 14, 1e9], [1, 2, 3, 4, 5]);
  assert.equal(estimate, 10);
  assert.ok(low < 10 && high > 10);
});

test('the interval holds the true shift in 95% of samples, within what 2,000 trials can tell', () => {
  const normal = seededNormal(7);
  const draw = (centre: number) => Array.from({ length: 14 }, () => centre + normal());
  let held = 0;
  for (let trial = 0; trial < 2000; trial += 1) {
    const { low, high } = shiftBetween(draw(3), draw(0));
    held += low <= 3 && high >= 3 ? 1 : 0;
  }
  assert.ok(held / 2000 > 0.93 && held / 2000 < 0.98, `${held / 20}%`);
});

test('an empty sample and NaN have no shift', () => {
  assert.throws(() => shiftBetween([], [1]), /no samples/);
  assert.throws(() => shiftBetween([Number.NaN], [1]), /NaN/);
});

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
