/** The rule's error rates on simulated series, and its answers on data that carry no verdict. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultThreshold, judgeChange } from './regression.ts';
import { rate, seededNormal } from '../../test/simulated-series.ts';

const series = (length: number, at: (index: number) => number): number[] =>
  Array.from({ length }, (_, index) => at(index));

const peaks = (before: readonly number[], after: readonly number[], threshold = defaultThreshold) =>
  judgeChange({ metric: 'peak', before, after, threshold });

describe('false alarms: two runs of one distribution', () => {
  /** Deviations as shares of the median: a CPU's wobble, a GPU's spread, and what a threshold cannot hide. */
  for (const deviation of [0.005, 0.014, 0.06, 0.3]) {
    for (const threshold of [0, defaultThreshold]) {
      test(`a deviation of ${100 * deviation}%, a threshold of ${100 * threshold}%: at most 1% are called better or worse`, () => {
        const measured = rate(1500, (trial) => {
          const normal = seededNormal(trial);
          const draw = () => series(14, () => 600e6 * (1 + deviation * normal()));
          return ['better', 'worse'].includes(peaks(draw(), draw(), threshold).status);
        });
        assert.ok(measured <= 0.01, `${100 * measured}%`);
      });
    }
  }

  test('five iterations on each side, the fewest, and long tails: at most 1%', () => {
    for (const length of [5, 14]) {
      const measured = rate(1500, (trial) => {
        const normal = seededNormal(trial + 1e6);
        // A log-normal, as times have it.
        const draw = () => series(length, () => Math.exp(0.2 * normal()));
        return ['better', 'worse'].includes(peaks(draw(), draw(), 0).status);
      });
      assert.ok(measured <= 0.01, `${length}: ${100 * measured}%`);
    }
  });
});

describe('power', () => {
  const found = (shift: number, deviation: number, wanted: string): number =>
    rate(1000, (trial) => {
      const normal = seededNormal(trial);
      const draw = (centre: number) => series(14, () => 600e6 * (centre + deviation * normal()));
      return peaks(draw(1), draw(1 + shift)).status === wanted;
    });

  test('a shift of 5% under a CPU’s wobble of 1.4% is found in 99% or more, in both directions', () => {
    assert.ok(found(0.05, 0.014, 'worse') >= 0.99);
    assert.ok(found(-0.05, 0.014, 'better') >= 0.99);
  });

  test('runs of one distribution with a wobble of 0.5% are called the same in 95% or more', () => {
    assert.ok(found(0, 0.005, 'same') >= 0.95);
  });

  test('a shift of half the threshold is never called worse under a wobble of 0.5%', () => {
    assert.ok(found(0.01, 0.005, 'worse') <= 0.001);
  });
});

describe('constant series', () => {
  const constant = (value: number) => series(14, () => value);

  test('the same constant is the same', () => {
    const change = peaks(constant(7), constant(7));
    assert.equal(change.status, 'same');
    assert.deepEqual(change.difference, { estimate: 0, low: 0, high: 0 });
    assert.equal(change.share, 0);
  });

  test('a byte more is the same within the threshold, and worse without one', () => {
    assert.equal(peaks(constant(163_526_908), constant(163_526_909)).status, 'same');
    assert.match(peaks(constant(163_526_908), constant(163_526_909)).sentence, /differs by \+1 B, exactly/);
    assert.equal(peaks(constant(163_526_908), constant(163_526_909), 0).status, 'worse');
  });

  test('3% more is worse, 3% less is better', () => {
    assert.equal(peaks(constant(100e6), constant(103e6)).status, 'worse');
    assert.equal(peaks(constant(100e6), constant(97e6)).status, 'better');
  });

  test('a baseline of zero has no share', () => {
    const change = peaks(constant(0), constant(5));
    assert.equal(change.status, 'worse');
    assert.equal(change.share, undefined);
  });
});

describe('data that carry no verdict are inconclusive', () => {
  const good = series(14, () => 600e6);
  const bad: readonly [what: string, values: readonly number[]][] = [
    ['three iterations', [1e9, 1e9, 1e9]],
    ['four iterations', [1e9, 1e9, 1e9, 1e9]],
    ['no iteration', []],
    ['NaN', series(14, (index) => (index === 3 ? Number.NaN : 1e9))],
    ['infinity', series(14, (index) => (index === 3 ? Infinity : 1e9))],
  ];
  for (const [what, values] of bad) {
    test(`${what}, on either side`, () => {
      for (const change of [peaks(good, values), peaks(values, good)]) {
        assert.equal(change.status, 'inconclusive');
        assert.equal(change.difference, undefined);
        assert.match(change.sentence, /cannot be judged/);
      }
    });
  }

  test('an obstacle outweighs any difference', () => {
    const change = judgeChange({
      metric: 'seconds',
      before: series(14, () => 1),
      after: series(14, () => 2),
      threshold: 0.1,
      obstacle: 'the second run failed after 3 of 14 iterations',
    });
    assert.equal(change.status, 'inconclusive');
    assert.match(change.sentence, /the second run failed/);
  });

  test('a wide interval around nothing says so, and for times why', () => {
    const normal = seededNormal(4);
    const draw = () => series(14, () => 2 * Math.exp(0.5 * normal()));
    const change = judgeChange({ metric: 'seconds', before: draw(), after: draw(), threshold: 0.1 });
    assert.equal(change.status, 'inconclusive');
    assert.match(change.sentence, /other work on the machine/);
    assert.match(change.sentence, /interval of 14 and 14 iterations, .* includes no change and exceeds/);
    assert.ok(change.sentence.includes(change.reason ?? 'no reason'));
  });

  test('an interval on both sides of the threshold says that, and what is conclusive has no reason', () => {
    const before = series(14, (index) => 600e6 + 1e6 * (index % 3));
    const after = series(14, (index) => 607e6 + 4e6 * (index % 3));
    const change = peaks(before, after);
    assert.equal(change.status, 'inconclusive');
    assert.match(change.reason ?? '', /lies on both sides of the threshold of 2% \(12\.0 MB\)$/);
    assert.equal(peaks(before, before).reason, undefined);
    assert.equal(
      peaks(
        before,
        series(14, () => 700e6),
      ).reason,
      undefined,
    );
  });
});
