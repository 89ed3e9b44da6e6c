/** The rule of warm-up on series of known truth: it finds the start that differs, and takes little where none does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNormal } from '../../test/simulated-series.ts';
import { recognizeWarmup } from './warm-up.ts';

const MB = 1e6;

/** A GPU's peak with its queue: it wanders by 25 MB. The first iterations are `offset` deviations off. */
function wandering(length: number, seed: number, { warmup = 0, offset = 0 } = {}): number[] {
  const normal = seededNormal(seed);
  return Array.from({ length }, (_, index) => (460 + 25 * (normal() + (index < warmup ? offset : 0))) * MB);
}

const seeds = Array.from({ length: 400 }, (_, seed) => seed);

test('iterations that are alike have no warm-up, to the byte or to less than a thousandth', () => {
  assert.equal(recognizeWarmup([]), 0);
  assert.equal(recognizeWarmup([7]), 0);
  assert.equal(recognizeWarmup([344_474_000, 344_474_000, 344_474_000]), 0);
  assert.equal(recognizeWarmup([459_677_000, 459_676_000, 459_675_000, 459_683_000]), 0);
});

test('a first iteration that differs is warm-up, higher or lower', () => {
  assert.equal(recognizeWarmup([500, 298, 298, 298]), 1);
  assert.equal(recognizeWarmup([200, 298, 298, 298]), 1);
  assert.equal(recognizeWarmup([500, 298, 298]), 1);
});

test('of two that differ nothing is known, so the first is left out and another one asked for', () => {
  assert.equal(recognizeWarmup([500, 298]), 1);
});

test('one low iteration later on is no warm-up', () => {
  // As it was measured: 4bit-bf16 on a CPU with other work.
  assert.equal(recognizeWarmup([323_257, 323_326, 318_926, 323_055, 323_288, 323_213]), 0);
  assert.equal(recognizeWarmup([344.5, 344.5, 340, 344.5, 344.5, 344.5, 344.5, 344.5]), 0);
});

for (const warmup of [1, 3]) {
  for (const offset of [4, -6]) {
    test(`${warmup} of 15 that are ${offset} deviations off are found in 97% of noisy series`, () => {
      const found = seeds.filter(
        (seed) => recognizeWarmup(wandering(15, seed, { warmup, offset })) >= warmup,
      );
      assert.ok(found.length >= 0.97 * seeds.length, String(found.length));
    });
  }
}

test('noise alone costs less than two of fifteen on average, and never more than half', () => {
  const dropped = seeds.map((seed) => recognizeWarmup(wandering(15, seed)));
  assert.ok(dropped.reduce((sum, each) => sum + each, 0) / dropped.length < 2);
  assert.ok(Math.max(...dropped) <= 7);
});

test('so many values stay as are needed, whatever they look like', () => {
  assert.equal(recognizeWarmup([500, 490, 298, 298]), 2);
  assert.equal(recognizeWarmup([500, 298, 298, 298], 3), 1);
  assert.equal(recognizeWarmup([500, 298, 298, 298], 4), 0);
  assert.equal(recognizeWarmup([500, 298], 4), 0);
});

test('a NaN is refused', () => {
  assert.throws(() => recognizeWarmup([1, Number.NaN]), RangeError);
});
