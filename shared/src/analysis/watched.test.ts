/** The verdicts on a watched program: what the leak rule says of one series, and what is said of its peaks. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nullKinds, rate, seededNormal, seededUniform, steadyLeak } from '../../test/simulated-series.ts';
import { exampleWatched as watched } from '../../test/example-watch.ts';
import type { WatchedSample } from '../protocol/watch-document.ts';
import {
  judgePeaks,
  judgeWatched,
  judgeWatchedSeries,
  peakSentence,
  selfConfirming,
  summarizeWatched,
} from './watched.ts';

const statusOf = (series: readonly number[]): string => judgeWatchedSeries('activeBytes', series, []).status;

const series = (length: number, at: (iteration: number) => number): number[] =>
  Array.from({ length }, (_, iteration) => at(iteration));

describe('of series without a leak, fewer than 1 in 200 is called one', () => {
  const kinds = nullKinds(
    () => 0,
    () => 0,
  ).keys();
  for (const name of kinds) {
    for (const length of [10, 14, 29, 30, 45, 120]) {
      test(`${name}, ${length} iterations`, () => {
        const share = rate(400, (trial) => {
          const kind = nullKinds(seededNormal(trial), seededUniform(trial + 1e6)).get(name);
          return statusOf(kind?.(length, 0) ?? []) === 'leak';
        });
        assert.ok(share < 0.005, `${share}`);
      });
    }
  }
});

describe('a leak without noise is found', () => {
  for (const length of [10, 14, 29, 30, 100]) {
    test(`in ${length} iterations`, () => {
      assert.equal(statusOf(series(length, (i) => 4 * i)), 'leak');
    });
  }

  test('at its rate', () => {
    assert.equal(
      judgeWatchedSeries(
        'activeBytes',
        series(14, (i) => 4096 * i),
        [],
      ).ratePerIteration,
      4096,
    );
  });
});

test('in noise of its own size, a leak is found within 60 iterations in 95% of series', () => {
  const found = rate(200, (trial) => statusOf(steadyLeak(1, seededNormal(trial))(60, 0)) === 'leak');
  assert.ok(found >= 0.95, `${found}`);
});

test('a rise that shows only now and then is undecided in few iterations, and a leak in many', () => {
  const everyThird = (i: number): number => Math.floor(i / 3) * 4096;
  assert.equal(statusOf(series(15, everyThird)), 'inconclusive');
  assert.match(
    judgeWatchedSeries('activeBytes', series(15, everyThird), []).reason ?? '',
    new RegExp(String(selfConfirming)),
  );
  assert.equal(statusOf(series(60, everyThird)), 'leak');
});

test('growth that ends is no leak, however steady it was', () => {
  assert.equal(statusOf(series(60, (i) => Math.min(i, 20) * 4096)), 'plateau');
  assert.equal(statusOf(series(14, (i) => Math.min(i, 7) * 4096)), 'plateau');
  assert.notEqual(statusOf(series(14, (i) => 1e6 * (1 - Math.exp(-i / 8)))), 'leak');
});

test('growth that begins late is undecided', () => {
  assert.equal(statusOf(series(60, (i) => Math.max(0, i - 20) * 4096)), 'inconclusive');
});

describe('the channels of a program', () => {
  test('each has a verdict, and a kept array shows in three of them', () => {
    const leaks = judgeWatched(
      watched(15, (i) => ({
        activeBytes: 100 + 16 * i,
        peakBytes: 500 + 16 * i,
        liveArrays: 12 + i,
        trackedObjects: 9000 + i,
      })),
    );
    assert.deepEqual(
      leaks.map(({ channel, status }) => [channel, status]),
      [
        ['activeBytes', 'leak'],
        ['footprintBytes', 'no-leak'],
        ['openFileDescriptors', 'no-leak'],
        ['liveArrays', 'leak'],
        ['trackedObjects', 'leak'],
      ],
    );
  });

  test('objects are judged by the iterations until counting them took too long', () => {
    const samples = watched(60, (i) => ({ liveArrays: i })).map(({ liveArrays, ...rest }, i) =>
      i < 33 ? { ...rest, liveArrays: liveArrays ?? 0 } : rest,
    );
    const verdict = judgeWatched(samples).find(({ channel }) => channel === 'liveArrays');
    assert.equal(verdict?.first?.count, 10);
    assert.equal(verdict.status, 'leak');
  });

  test('what a Python cannot tell is left out', () => {
    const samples = watched(15).map((sample): WatchedSample => {
      const { liveArrays: arrays, openFileDescriptors: files, ...rest } = sample;
      assert.ok(arrays !== undefined && files !== undefined);
      return rest;
    });
    assert.deepEqual(
      judgeWatched(samples).map(({ channel }) => channel),
      ['activeBytes', 'footprintBytes', 'trackedObjects'],
    );
  });

  test('without an iteration, or with few, all are undecided', () => {
    for (const length of [0, 1, 5, 10]) {
      const leaks = judgeWatched(watched(length));
      assert.ok(leaks.length > 0);
      assert.ok(
        leaks.every(({ status }) => status === 'inconclusive'),
        String(length),
      );
    }
  });
});

describe('the peak', () => {
  const settings = { warmupIterations: 1 };
  const said = (
    iterations: WatchedSample[],
    life: { lifeBytes: number; lives: readonly number[]; resets: number },
  ): string => {
    const summary = summarizeWatched(iterations);
    return peakSentence({
      peak: judgePeaks(iterations, life),
      iterations,
      settings,
      ...(summary === undefined ? {} : { summary }),
    });
  };

  test('that is never reset is that of the whole life, and says in which iteration it was reached', () => {
    const sentence = said(watched(15), {
      lifeBytes: 900e6,
      lives: Array.from({ length: 15 }, () => 900e6),
      resets: 0,
    });
    assert.match(sentence, /in each of 14 iterations, constant to the byte/);
    assert.match(
      sentence,
      /never resets the peak.* whole life \(900\.0 MB, reached while it loaded or in warm-up 1\)/,
    );
    const late = said(watched(15), {
      lifeBytes: 900e6,
      lives: Array.from({ length: 15 }, (_, i) => (i < 5 ? 1 : 900e6)),
      resets: 0,
    });
    assert.match(late, /reached in iteration 5/);
  });

  test('that is reset in each iteration says so, and its spread', () => {
    const samples = watched(15, (i) => ({ peakBytes: 500e6 + (i % 3) * 1e6, peakResets: 1 }));
    const sentence = said(samples, { lifeBytes: 502e6, lives: [1, 502e6], resets: 15 });
    assert.match(
      sentence,
      /median 501\.0 MB over 14 iterations, from 500\.0 MB to 502\.0 MB.*does not rise\./,
    );
    assert.match(sentence, /resets the peak in every iteration/);
  });

  test('that rises has a rate', () => {
    const samples = watched(15, (i) => ({ peakBytes: 500e6 + i * 1e6 }));
    assert.match(
      said(samples, { lifeBytes: 514e6, lives: [], resets: 3 }),
      /rises by 1\.0 MB per iteration.*not in every iteration/,
    );
  });

  test('of a program without iterations is that of its life alone', () => {
    assert.match(said([], { lifeBytes: 5e6, lives: [], resets: 0 }), /No iteration was measured.*5\.0 MB/);
  });
});
