import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearTaps } from './linear-taps.ts';

test('halving takes the mean of each pair', () => {
  const { low, high, fraction } = linearTaps(6, 3);
  assert.deepEqual([...low], [0, 2, 4]);
  assert.deepEqual([...high], [1, 3, 5]);
  assert.deepEqual([...fraction], [0.5, 0.5, 0.5]);
});

test('doubling repeats the ends and takes quarters between', () => {
  const { low, high, fraction } = linearTaps(3, 6);
  assert.deepEqual([...low], [0, 0, 0, 1, 1, 2]);
  assert.deepEqual([...high], [1, 1, 1, 2, 2, 2]);
  assert.deepEqual([...fraction], [0, 0.25, 0.75, 0.25, 0.75, 0.25]);
});

test('only as many outputs as asked for are placed', () => {
  assert.deepEqual(linearTaps(3, 6, 2).low, Int32Array.of(0, 0));
});

test('positions carry the rounding of float32 at the length of a sentence', () => {
  const exact = (100_000 + 0.5) * (357 / 107_100) - 0.5;
  const { low, fraction } = linearTaps(357, 107_100);
  const placed = (low[100_000] ?? NaN) + (fraction[100_000] ?? NaN);
  assert.notEqual(placed, exact);
  assert.ok(Math.abs(placed - exact) < 1e-4);
});
