/** Sparklines: their height, their width, and what noise looks like. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkline } from './sparkline.ts';

test('a rising series rises from the lowest block to the highest', () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], { width: 10 }), '▁▂▃▄▅▆▇█');
});

test('of a series that is too long the newest values are shown', () => {
  assert.equal(sparkline([1, 100, 0, 100], { width: 2 }), '▁█');
});

test('equal values, and values within the noise, are a flat line in the middle', () => {
  assert.equal(sparkline([5, 5, 5], { width: 10 }), '▅▅▅');
  assert.equal(sparkline([600_000_000, 600_100_000, 600_050_000], { width: 10 }), '▄▅▅');
  assert.equal(sparkline([0, 0], { width: 10 }), '▅▅');
});

test('nothing, or no room, is an empty line', () => {
  assert.equal(sparkline([], { width: 10 }), '');
  assert.equal(sparkline([1, 2], { width: 0 }), '');
});
