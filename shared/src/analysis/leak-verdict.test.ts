/** The answers on the series that the rule must know apart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeChannel, needsConfirmation } from './leak-verdict.ts';
import type { ChannelSeries } from './leak-verdict.ts';

const steps = (length: number, at: (iteration: number) => number): number[] =>
  Array.from({ length }, (_, iteration) => at(iteration));

/** A first run of 15 and a confirmation of 30 that goes on where it ended. */
const active = (at: (iteration: number) => number): ChannelSeries => ({
  channel: 'activeBytes',
  first: steps(15, at),
  confirmation: steps(30, (iteration) => at(15 + iteration)),
});

test('4 bytes an iteration are a leak of 4 bytes an iteration', () => {
  const verdict = judgeChannel(active((i) => 163_526_908 + 4 * i));
  assert.equal(verdict.status, 'leak');
  assert.equal(verdict.ratePerIteration, 4);
});

test('a leak every third iteration is found, at a third of its size', () => {
  const verdict = judgeChannel(active((i) => 16_384 * Math.floor(i / 3)));
  assert.equal(verdict.status, 'leak');
  assert.ok(Math.abs(verdict.ratePerIteration / (16_384 / 3) - 1) < 0.1);
});

test('a constant is no leak above one byte', () => {
  const verdict = judgeChannel(active(() => 7));
  assert.equal(verdict.status, 'no-leak');
  assert.equal(verdict.smallestDetectable, 1);
});

test('a bounded cache that fills, and a single step, are no leaks', () => {
  assert.equal(judgeChannel(active((i) => 1000 * Math.min(i, 6))).status, 'plateau');
  assert.notEqual(judgeChannel(active((i) => (i >= 8 ? 9 : 5))).status, 'leak');
});

test('a rise that ends within the confirmation run is a plateau', () => {
  assert.equal(judgeChannel(active((i) => Math.min(i, 18))).status, 'plateau');
});

test('a rise without a whole confirmation run is inconclusive, and asks for one', () => {
  const { channel, first, confirmation } = active((i) => i);
  assert.equal(needsConfirmation({ channel, first }), true);
  assert.match(judgeChannel({ channel, first }).reason ?? '', /no confirmation run/);
  const cut = judgeChannel({ channel, first, confirmation: confirmation?.slice(0, 29) ?? [] });
  assert.equal(cut.status, 'inconclusive');
  assert.match(cut.reason ?? '', /cut short/);
});

test('a footprint that rises with the allocator’s cache is cache growth, and without it is not', () => {
  const first = steps(15, (i) => 1e9 + 4e6 * i);
  const grown = judgeChannel({ channel: 'footprintBytes', first, cacheBytes: steps(15, (i) => 4e6 * i) });
  assert.equal(grown.status, 'cache-growth');
  const alone = judgeChannel({ channel: 'footprintBytes', first, cacheBytes: steps(15, () => 4e6) });
  assert.equal(alone.status, 'inconclusive');
});

test('three iterations, NaN and nothing are inconclusive, never a verdict', () => {
  for (const first of [[1, 2, 3], [], steps(15, (i) => (i === 4 ? Number.NaN : i))]) {
    const verdict = judgeChannel({ channel: 'activeBytes', first });
    assert.equal(verdict.status, 'inconclusive');
    assert.ok(verdict.reason);
    assert.equal(verdict.smallestDetectable, undefined);
    assert.equal(needsConfirmation({ channel: 'activeBytes', first }), false);
  }
});
