/** The rule for levels: what it raises over hundreds of checks of known truth, and after how many exactly. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededNormal } from '../../test/simulated-series.ts';
import { baselineOf, isBack, levelRule, raisedLevel } from './sustained-level.ts';
import type { LevelRule } from './sustained-level.ts';

const peak: LevelRule = { share: 0.05, sustained: 3 };

const readings = (length: number, at: (place: number) => number): number[] =>
  Array.from({ length }, (_, place) => at(place));

/** After how many readings it is raised, asked after each; infinite where it never is. */
function raisedAfter(series: readonly number[], rule: LevelRule): number {
  for (let length = 1; length <= series.length; length += 1) {
    if (raisedLevel(series.slice(0, length), rule) !== undefined) {
      return length;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The share of series in which it is ever raised over 500 checks. */
function falseAlarms(trials: number, noise: number, rule: LevelRule): number {
  let raised = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const normal = seededNormal(trial);
    const series = readings(500, () => 666e6 * (1 + noise * normal()));
    raised += Number.isFinite(raisedAfter(series, rule)) ? 1 : 0;
  }
  return raised / trials;
}

describe('over 500 checks of the same level', () => {
  test('a peak with noise of 1.4% is never called raised, in 100 series', () => {
    assert.equal(falseAlarms(100, 0.014, peak), 0);
  });

  test('a time with noise of 15% is never called raised, in 100 series', () => {
    assert.equal(falseAlarms(100, 0.15, { share: 0.5, sustained: 3 }), 0);
  });

  test('noise as large as the share is called raised in 5% of series at most, and twice as large in 10%', () => {
    const [once, twice] = [falseAlarms(100, 0.05, peak), falseAlarms(100, 0.1, peak)];
    assert.ok(once <= 0.05, `${100 * once}%`);
    assert.ok(twice <= 0.1, `${100 * twice}%`);
  });
});

describe('a step of 10% in noise of 1.4%', () => {
  for (const sustained of [1, 2, 3, 5]) {
    test(`is raised after exactly ${sustained} checks in 97% of series or more`, () => {
      let exact = 0;
      for (let trial = 0; trial < 300; trial += 1) {
        const normal = seededNormal(trial);
        const series = readings(45, (place) => (place < 30 ? 1 : 1.1) + 0.014 * normal());
        exact += raisedAfter(series, { share: 0.05, sustained }) === 30 + sustained ? 1 : 0;
      }
      assert.ok(exact / 300 >= 0.97, `${exact} of 300`);
    });
  }

  test('without noise it is raised after exactly as many, with its figures', () => {
    const series = readings(13, (place) => (place < 10 ? 500 : 550));
    assert.equal(raisedAfter(series, peak), 13);
    const raised = raisedLevel(series, peak);
    assert.equal(raised?.observed, 550);
    assert.deepEqual(raised.baseline, { level: 500, raisedAbove: 525, backBelow: 512.5 });
  });
});

describe('a level', () => {
  test('one byte above its share counts, at its share it does not', () => {
    const at = (level: number): number =>
      raisedAfter([...readings(6, () => 1_000_000), ...readings(3, () => level)], {
        share: 0.02,
        sustained: 3,
      });
    assert.equal(at(1_020_000), Number.POSITIVE_INFINITY);
    assert.equal(at(1_020_001), 9);
  });

  test('that comes and goes is never sustained', () => {
    const series = readings(200, (place) => (place > 20 && place % 3 !== 0 ? 150 : 100));
    assert.equal(raisedAfter(series, peak), Number.POSITIVE_INFINITY);
  });

  test('of few earlier checks, or of nothing, has no baseline', () => {
    assert.equal(baselineOf([100, 100, 100, 100], 0.05), undefined);
    assert.equal(baselineOf([0, 0, 0, 0, 0, 7], 0.05), undefined);
    assert.equal(raisedAfter([100, 100, 100, 100, 200, 200, 200], peak), Number.POSITIVE_INFINITY);
    assert.equal(raisedAfter([100, 100, 100, 100, 100, 200, 200, 200], peak), 8);
  });

  test('has a baseline that outliers do not move', () => {
    assert.equal(baselineOf([100, 100, 900, 100, 100, 100, 5, 100], 0.05)?.level, 100);
    assert.equal(baselineOf([100, 100, 900, 100, 100, 100, 5, 100], 0.05)?.raisedAbove, 105);
  });

  test('is compared with the newest checks, not with those of long ago', () => {
    const series = [...readings(500, () => 100), ...readings(levelRule.mostEarlier, () => 200)];
    assert.equal(baselineOf(series, 0.05)?.level, 200);
  });

  test('lower than ever is no regression', () => {
    assert.equal(
      raisedAfter([...readings(10, () => 100), ...readings(10, () => 50)], peak),
      Number.POSITIVE_INFINITY,
    );
  });
});

describe('a level that was raised', () => {
  const baseline = { level: 100, raisedAbove: 110, backBelow: 105 };

  test('is back after as many checks well below as it took to be raised', () => {
    assert.equal(isBack([120, 120, 100, 101], baseline, 3), false);
    assert.equal(isBack([120, 120, 100, 101, 104], baseline, 3), true);
  });

  test('is not back while it hovers about the line that it crossed', () => {
    assert.equal(isBack([108, 109, 106, 107], baseline, 3), false);
    assert.equal(isBack([100, 100, 105], baseline, 3), false);
    assert.equal(isBack([100], baseline, 3), false);
  });
});
