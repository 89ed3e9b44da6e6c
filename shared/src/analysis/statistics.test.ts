/** Order statistics against worked values. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalCumulative, quantile, sorted, spreadOf } from './statistics.ts';

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
