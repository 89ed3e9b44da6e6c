/** Which points of a long series stay. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { thinnedPlaces } from './thinning.ts';

const series = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 300 });

test('a series that is short enough stays whole', () => {
  assert.deepEqual(thinnedPlaces([5, 3, 4], 3), [0, 1, 2]);
  assert.deepEqual(thinnedPlaces([], 0), []);
});

test('no more places than were asked for, each once and in order', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 0, max: 320 }), (values, limit) => {
      const places = thinnedPlaces(values, limit);
      assert.ok(places.length <= limit);
      assert.ok(places.every((place, at) => at === 0 || place > (places[at - 1] ?? Infinity)));
      assert.ok(places.every((place) => place >= 0 && place < values.length));
    }),
  );
});

test('the first and the last stay, with the extremes of all', () => {
  fc.assert(
    fc.property(series, fc.integer({ min: 4, max: 320 }), (values, limit) => {
      fc.pre(values.length > 0);
      const places = thinnedPlaces(values, limit);
      assert.equal(places[0], 0);
      assert.equal(places.at(-1), values.length - 1);
      const kept = places.map((place) => values[place] ?? Number.NaN);
      assert.equal(Math.max(...kept), Math.max(...values));
      assert.equal(Math.min(...kept), Math.min(...values));
    }),
  );
});

test('a single peak among thousands stays', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => (index === 6_789 ? 2 : 1));
  for (const limit of [3, 4, 10, 200]) {
    assert.ok(thinnedPlaces(values, limit).includes(6_789), `of ${limit} places`);
  }
});

test('one place is the last, two are both ends', () => {
  assert.deepEqual(thinnedPlaces([1, 9, 2], 1), [2]);
  assert.deepEqual(thinnedPlaces([1, 9, 2], 2), [0, 2]);
  assert.deepEqual(thinnedPlaces([1, 9, 2], 0), []);
});
