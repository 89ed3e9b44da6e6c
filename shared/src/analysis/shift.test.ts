/** Shifts against worked values, and their interval's coverage by simulation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shiftBetween } from './shift.ts';
import { seededNormal } from '../../test/simulated-series.ts';

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
