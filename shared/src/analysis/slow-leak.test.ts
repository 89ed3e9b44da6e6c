/**
 * The rule across checks: what it calls a leak over hundreds of checks of known truth, and how many a leak takes. More
 * series than are quick enough for a test gave the same: of 100 series of each kind, asked after each of 500 checks, none was
 * called a leak.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nullKinds, seededNormal, seededUniform, steadyLeak } from '../../test/simulated-series.ts';
import { hasSettled, mostChecks, slowLeak } from './slow-leak.ts';

const series = (length: number, at: (check: number) => number): number[] =>
  Array.from({ length }, (_, check) => at(check));

/** The check after which it is called a leak, asked after each; infinite where it never is. */
function foundAfter(values: readonly number[], threshold = 0): number {
  for (let count = 1; count <= values.length; count += 1) {
    if (slowLeak(values.slice(Math.max(0, count - mostChecks), count), threshold) !== undefined) {
      return count;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The count by which so large a share of simulated series was found. */
function foundBy(share: number, trials: number, values: (trial: number) => readonly number[]): number {
  const counts = Array.from({ length: trials }, (_, trial) => foundAfter(values(trial))).sort(
    (a, b) => a - b,
  );
  return counts[Math.ceil(share * trials) - 1] ?? Number.NaN;
}

describe('asked after each of 300 checks, in 4 series of each kind', () => {
  const kinds = nullKinds(
    () => 0,
    () => 0,
  ).keys();
  for (const name of kinds) {
    test(`${name} is never called a leak`, () => {
      for (let trial = 0; trial < 4; trial += 1) {
        const kind = nullKinds(seededNormal(trial), seededUniform(trial + 1e6)).get(name);
        assert.ok(kind);
        assert.equal(foundAfter(kind(300, 0)), Number.POSITIVE_INFINITY, `series ${trial}`);
      }
    });
  }
});

describe('a leak in units of the noise per check', () => {
  const cases: readonly [slope: number, within: number][] = [
    [1, 40],
    [0.5, 65],
    [0.25, 85],
  ];
  for (const [slope, within] of cases) {
    test(`of ${slope} is found within ${within} checks in 95% of series`, () => {
      const count = foundBy(0.95, 60, (trial) => steadyLeak(slope, seededNormal(trial))(130, 0));
      assert.ok(count <= within, `${count}`);
    });
  }

  test('that begins after a hundred clean checks is found as soon', () => {
    const count = foundBy(0.95, 60, (trial) => {
      const normal = seededNormal(trial);
      return [...series(100, normal), ...steadyLeak(0.5, normal)(80, 0)];
    });
    assert.ok(count <= 165, `${count}`);
  });
});

describe('without noise', () => {
  test('growth of one byte a check is found after 16 checks, with its rate', () => {
    const values = series(40, (check) => 163_526_908 + check);
    assert.equal(foundAfter(values), 16);
    assert.deepEqual(slowLeak(values.slice(0, 16), 0), { slope: 1, checks: 16 });
  });

  test('growth at every third check is found too', () => {
    assert.ok(foundAfter(series(40, (check) => 4096 * Math.floor(check / 3))) <= 18);
  });

  test('a constant, a step, two steps, a fall and a ramp of 11 checks are no leak', () => {
    const kinds = [
      series(200, () => 5),
      series(200, (check) => (check < 50 ? 5 : 9)),
      series(200, (check) => (check < 50 ? 5 : check < 58 ? 9 : 14)),
      series(200, (check) => 1000 - check),
      series(200, (check) => Math.min(check, 11)),
    ];
    assert.deepEqual(
      kinds.map((values) => foundAfter(values)),
      kinds.map(() => Number.POSITIVE_INFINITY),
    );
  });

  test('what saturates with a time constant of 20 checks or fewer is no leak', () => {
    for (const constant of [2, 4, 8, 12, 20]) {
      const values = series(200, (check) => Math.round(1e6 * (1 - Math.exp(-check / constant))));
      assert.equal(foundAfter(values), Number.POSITIVE_INFINITY, `a constant of ${constant} checks`);
    }
  });

  test('growth below the threshold is none', () => {
    const values = series(60, (check) => 30_000 * check);
    assert.equal(foundAfter(values, 32_768), Number.POSITIVE_INFINITY);
    assert.equal(foundAfter(values, 29_000), 16);
  });
});

test('too few checks say nothing', () => {
  assert.equal(slowLeak([], 0), undefined);
  assert.equal(
    slowLeak(
      series(15, (check) => check),
      0,
    ),
    undefined,
  );
});

test('a rise has settled after 15 checks without a trend, and not before', () => {
  assert.equal(hasSettled([...series(20, (check) => check), ...series(10, () => 20)]), false);
  assert.equal(hasSettled([...series(20, (check) => check), ...series(16, () => 20)]), true);
  assert.equal(hasSettled(series(14, () => 20)), false);
  assert.equal(hasSettled(series(30, (check) => check)), false);
});
