/** The leak rule's error rates, measured over simulated series, and its answers on the plants that tests must know. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isConfirmed, leakRule, readTrend, smallestDetectableSlope } from './leak-rule.ts';
import { nullKinds, rate, seededNormal, seededUniform, steadyLeak } from '../../test/simulated-series.ts';
import type { SeriesKind } from '../../test/simulated-series.ts';

/** Runs the whole rule, confirmation included. */
function isCalledLeak(kind: SeriesKind, length: number): boolean {
  const first = readTrend(kind(length, 0), 0);
  if (!first.rising) {
    return false;
  }
  return isConfirmed(first, readTrend(kind(leakRule.confirmationFactor * length, length), 0));
}

describe('false positives', () => {
  const names = [
    ...nullKinds(
      () => 0,
      () => 0,
    ).keys(),
  ];
  for (const length of [15, 30]) {
    for (const name of names) {
      test(`${name}, ${length} iterations: at most 0.27% are called a leak`, () => {
        const measured = rate(1500, (trial) => {
          const kind = nullKinds(seededNormal(trial), seededUniform(trial + 1e6)).get(name);
          assert.ok(kind);
          return isCalledLeak(kind, length);
        });
        assert.ok(measured <= 0.0027, `${100 * measured}%`);
      });
    }
  }
});

describe('power, at a leak in units of the noise per iteration', () => {
  const cases: readonly [length: number, slope: number, atLeast: number][] = [
    [15, 1, 0.95],
    [15, 0.5, 0.38],
    [30, 1, 0.999],
    [30, 0.5, 0.999],
  ];
  for (const [length, slope, atLeast] of cases) {
    test(`${slope} in ${length} iterations is found in ${100 * atLeast}% or more`, () => {
      const measured = rate(1500, (trial) => isCalledLeak(steadyLeak(slope, seededNormal(trial)), length));
      assert.ok(measured >= atLeast, `${100 * measured}%`);
    });
  }

  test('the smallest leak that a clean series claims to exclude would have been found in 95% or more', () => {
    for (const length of [10, 12, 15, 20, 30]) {
      const measured = rate(400, (trial) => {
        const normal = seededNormal(trial);
        // The deviation is 1 here by construction, which the median over many series must find again.
        const slope = 1.25 * (15 / length) ** 1.5;
        return isCalledLeak(steadyLeak(slope, normal), length);
      });
      assert.ok(measured >= 0.95, `${length} iterations: ${100 * measured}%`);
      const claims = Array.from({ length: 401 }, (_, trial) =>
        smallestDetectableSlope(steadyLeak(0, seededNormal(trial))(length, 0), 0),
      ).toSorted((a, b) => a - b);
      const claim = (claims[200] ?? Number.NaN) / (1.25 * (15 / length) ** 1.5);
      assert.ok(
        claim > 0.8 && claim < 1.25,
        `${length} iterations: the claim is ${claim} of what was tested`,
      );
    }
  });
});

describe('series without noise', () => {
  const steps = (length: number, at: (iteration: number) => number): number[] =>
    Array.from({ length }, (_, iteration) => at(iteration));

  test('4 bytes an iteration are rising, and so is 4 KiB every third iteration', () => {
    assert.equal(
      readTrend(
        steps(15, (i) => 1000 + 4 * i),
        0,
      ).rising,
      true,
    );
    const third = readTrend(
      steps(15, (i) => 4096 * Math.floor(i / 3)),
      0,
    );
    assert.equal(third.rising, true);
    assert.ok(Math.abs(third.slope - 4096 / 3) < 0.1 * (4096 / 3));
  });

  test('a constant, a step, a plateau and a decline are not', () => {
    assert.equal(
      readTrend(
        steps(15, () => 5),
        0,
      ).rising,
      false,
    );
    assert.equal(
      readTrend(
        steps(15, (i) => (i >= 7 ? 9 : 5)),
        0,
      ).rising,
      false,
    );
    assert.equal(
      readTrend(
        steps(15, (i) => Math.min(i, 6)),
        0,
      ).rising,
      false,
    );
    assert.equal(
      readTrend(
        steps(15, (i) => -i),
        0,
      ).rising,
      false,
    );
  });

  test('growth below the threshold is not rising', () => {
    assert.equal(
      readTrend(
        steps(15, (i) => 4 * i),
        5,
      ).rising,
      false,
    );
  });

  test('a constant series would have shown a single unit', () => {
    assert.equal(
      smallestDetectableSlope(
        steps(15, () => 7),
        0,
      ),
      1,
    );
  });

  test('the bound of a series with a step down is what the rule does find there, not what its noise says', () => {
    const normal = seededNormal(3);
    // In units of 1 kB, as footprints of a process do that gives memory back once: noise of 0.1 MB, and a step of 4 MB.
    for (const stepAt of [2, 4, 7, 11]) {
      const series = steps(15, (i) => (i < stepAt ? 4000 : 0) + 100 * normal());
      const bound = smallestDetectableSlope(series, 32);
      const leaking = (slope: number): boolean =>
        readTrend(
          series.map((value, i) => value + slope * i),
          32,
        ).rising;
      assert.ok(leaking(bound), `step at ${stepAt}: ${bound}`);
      assert.ok(bound > 150, `step at ${stepAt}: ${bound}`);
    }
  });

  test('ten thousand iterations are read in a second, with the slope per iteration', () => {
    const normal = seededNormal(4);
    const reading = readTrend(
      steps(10_000, (i) => 0.01 * i + normal()),
      0,
    );
    assert.equal(reading.count, 10_000);
    assert.equal(reading.rising, true);
    assert.ok(Math.abs(reading.slope / 0.01 - 1) < 0.02);
    const constant = readTrend(
      steps(10_000, () => 5),
      0,
    );
    assert.equal(constant.rising, false);
  });

  test('a constant series with a threshold would have shown the next unit above it', () => {
    assert.equal(
      smallestDetectableSlope(
        steps(15, () => 7),
        64,
      ),
      65,
    );
  });

  test('a confirmation that slowed to less than half is none', () => {
    const first = readTrend(
      steps(15, (i) => 10 * i),
      0,
    );
    assert.equal(
      isConfirmed(
        first,
        readTrend(
          steps(30, (i) => 4 * i),
          0,
        ),
      ),
      false,
    );
    assert.equal(
      isConfirmed(
        first,
        readTrend(
          steps(30, (i) => 6 * i),
          0,
        ),
      ),
      true,
    );
  });
});
