/** The leak rule where iterations say different texts, over simulated series in which what is left behind varies with the text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { confirmationLength, isConfirmed, readTrend, smallestDetectableSlope } from './leak-rule.ts';
import { nullKinds, rate, seededNormal, seededUniform, steadyLeak } from '../../test/simulated-series.ts';
import type { SeriesKind } from '../../test/simulated-series.ts';

/** What text `text` of `of` adds, in units of the noise's deviation. */
type Effect = (text: number, of: number) => number;

const effects: Readonly<Record<string, Effect>> = {
  'texts that leave the same': () => 0,
  'texts that leave more and more': (text, of) => (30 * text) / of,
  'texts that leave less and less': (text, of) => (-30 * text) / of,
  'texts that leave this and that': (text, of) => (30 * ((text * 7919) % of)) / of,
};

interface Workload {
  readonly iterations: number;
  readonly texts: number;
  readonly effect?: Effect;
}

/** Which text each of `length` iterations from `start` on says. */
const textsFrom = (start: number, length: number, { iterations, texts }: Workload): number[] =>
  Array.from({ length }, (_, index) => (start + index) % Math.min(texts, iterations));

const seriesOf = (kind: SeriesKind, start: number, texts: readonly number[], workload: Workload) =>
  kind(texts.length, start).map(
    (value, index) =>
      value + (workload.effect?.(texts[index] ?? 0, Math.min(workload.texts, workload.iterations)) ?? 0),
  );

/** Runs the whole rule, confirmation included. */
function isCalledLeak(kind: SeriesKind, workload: Workload): boolean {
  const { iterations, texts } = workload;
  const firstTexts = textsFrom(0, iterations, workload);
  const first = readTrend(seriesOf(kind, 0, firstTexts, workload), 0, firstTexts);
  if (!first.rising) {
    return false;
  }
  const said = textsFrom(iterations, confirmationLength(iterations, texts), workload);
  return isConfirmed(first, readTrend(seriesOf(kind, iterations, said, workload), 0, said), said);
}

describe('false positives', () => {
  const names = [
    ...nullKinds(
      () => 0,
      () => 0,
    ).keys(),
  ];
  for (const [iterations, texts] of [
    [12, 5],
    [15, 2],
    [15, 40],
    [40, 40],
  ] as const) {
    for (const [what, effect] of Object.entries(effects)) {
      test(`${texts} ${what}, ${iterations} iterations: at most 0.27% of each kind are called a leak`, () => {
        for (const name of names) {
          const measured = rate(1200, (trial) => {
            const kind = nullKinds(seededNormal(trial), seededUniform(trial + 1e6)).get(name);
            assert.ok(kind);
            return isCalledLeak(kind, { iterations, texts, effect });
          });
          assert.ok(measured <= 0.0027, `${name}: ${100 * measured}%`);
        }
      });
    }
  }

  test('growth by each text that is new, which ends with the first pass, is no leak', () => {
    const measured = rate(400, (trial) => {
      const normal = seededNormal(trial);
      const growing: SeriesKind = (length, start) =>
        Array.from({ length }, (_, index) => 5 * Math.min(start + index, 40) + normal());
      return isCalledLeak(growing, { iterations: 40, texts: 40 });
    });
    assert.equal(measured, 0);
  });
});

describe('power', () => {
  for (const [iterations, texts] of [
    [15, 15],
    [40, 40],
    [80, 40],
  ] as const) {
    test(`a leak of one deviation in ${iterations} iterations of ${texts} texts is found in 95% or more`, () => {
      const measured = rate(300, (trial) =>
        isCalledLeak(steadyLeak(1, seededNormal(trial)), { iterations, texts }),
      );
      assert.ok(measured >= 0.95, `${100 * measured}%`);
    });
  }

  test('a leak is found though each new text costs memory too, and at its own rate', () => {
    const workload = { iterations: 40, texts: 40 };
    const leaking: SeriesKind = (length, start) =>
      Array.from({ length }, (_, index) => 1000 * Math.min(start + index, 40) + 16 * (start + index));
    assert.equal(isCalledLeak(leaking, workload), true);
    const said = textsFrom(40, confirmationLength(40, 40), workload);
    assert.equal(readTrend(seriesOf(leaking, 40, said, workload), 0, said).slope, 16);
  });

  test('of texts that leave different amounts, four passes show what one pass cannot', () => {
    const effect = effects['texts that leave less and less'];
    assert.ok(effect);
    const found = (iterations: number): number =>
      rate(200, (trial) =>
        isCalledLeak(steadyLeak(0.3, seededNormal(trial)), { iterations, texts: 15, effect }),
      );
    assert.equal(found(15), 0);
    assert.ok(found(60) >= 0.95);
  });

  test('the smallest leak that a clean series claims to exclude would have been found in 95% or more', () => {
    for (const [iterations, texts] of [
      [60, 15],
      [40, 10],
      [160, 40],
      [40, 5],
      [30, 2],
    ] as const) {
      const said = textsFrom(0, iterations, { iterations, texts });
      const workload = { iterations, texts, effect: effects['texts that leave this and that'] as Effect };
      const series = (slope: number, trial: number) =>
        seriesOf(steadyLeak(slope, seededNormal(trial)), 0, said, workload);
      const claims = Array.from({ length: 101 }, (_, trial) =>
        smallestDetectableSlope(series(0, trial), 0, said),
      ).toSorted((a, b) => a - b);
      const claim = claims[50] ?? Number.NaN;
      const found = rate(300, (trial) => readTrend(series(claim, trial), 0, said).rising);
      assert.ok(found >= 0.95, `${iterations} iterations of ${texts}: ${100 * found}% of ${claim}`);
    }
  });
});

describe('series without noise', () => {
  const workload = { iterations: 40, texts: 40 };
  const said = textsFrom(40, confirmationLength(40, 40), workload);
  const reads = (at: (iteration: number) => number): boolean =>
    readTrend(
      said.map((_, index) => at(index)),
      0,
      said,
    ).rising;

  test('a byte for each iteration rises, whatever each text leaves', () => {
    assert.equal(
      reads((i) => i + 1000 * ((7 * i) % 40)),
      true,
    );
  });

  test('a single step is not rising, wherever it comes', () => {
    for (let at = 0; at < said.length; at += 1) {
      assert.equal(
        reads((i) => (i >= at ? 9 : 5) + 1000 * (i % 40)),
        false,
        `at ${at}`,
      );
    }
  });

  test('a confirmation is whole passes, four at least, over what the first run said', () => {
    assert.equal(confirmationLength(15), 30);
    assert.equal(confirmationLength(15, 1), 30);
    assert.equal(confirmationLength(40, 40), 160);
    assert.equal(confirmationLength(15, 40), 60);
    assert.equal(confirmationLength(80, 40), 160);
    assert.equal(confirmationLength(10, 3), 42);
  });

  test('a hundred thousand iterations are read in seconds', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => index % 7);
    assert.equal(
      readTrend(
        many.map((text, index) => 100 * text + 0.5 * index),
        0,
        many,
      ).rising,
      true,
    );
  });
});
