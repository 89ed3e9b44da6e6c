/** A run's channels, from its samples to their verdicts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import { exampleSample } from '../../test/example-documents.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { channelsToConfirm, judgeRun } from './leak-run.ts';

/** One iteration of warm-up that weighs more than any other, and `count` measured ones. */
function samples(count: number, changes: (iteration: number) => Partial<IterationSample>): IterationSample[] {
  const warmup = exampleSample(0, { warmup: true, activeBytes: 900_000_000, heapBytes: 90_000_000 });
  const measured = Array.from({ length: count }, (_, index) =>
    exampleSample(index + 1, { warmup: false, ...changes(index) }),
  );
  return [warmup, ...measured];
}

const statusOf = (verdicts: readonly ChannelVerdict[], channel: LeakChannel): string | undefined =>
  verdicts.find((verdict) => verdict.channel === channel)?.status;

test('every channel of a clean run is judged, in order, and the warm-up is left out', () => {
  const verdicts = judgeRun({ iterations: samples(15, () => ({})), iterationsAsked: 15 });
  assert.deepEqual(
    verdicts.map(({ channel }) => channel),
    [...leakChannels],
  );
  for (const { status, first } of verdicts) {
    assert.equal(status, 'no-leak');
    assert.equal(first?.count, 15);
  }
});

test('each channel is judged by its own series', () => {
  for (const channel of leakChannels) {
    const growing = (iteration: number): Partial<IterationSample> => ({
      [channel]: 1_000_000 + 65_536 * iteration,
    });
    const iterations = samples(15, growing);
    assert.deepEqual(channelsToConfirm({ iterations, iterationsAsked: 15 }), [channel]);
    const confirmation = samples(30, (iteration) => growing(15 + iteration)).slice(1);
    const verdicts = judgeRun({ iterations, iterationsAsked: 15, confirmation });
    for (const verdict of verdicts) {
      assert.equal(verdict.status, verdict.channel === channel ? 'leak' : 'no-leak', verdict.channel);
    }
  }
});

test('a run that ended early has no verdict and asks for no confirmation, however it grew', () => {
  const run = { iterations: samples(12, (i) => ({ activeBytes: 1000 + i })), iterationsAsked: 15 };
  assert.deepEqual(channelsToConfirm(run), []);
  for (const { status, reason, smallestDetectable } of judgeRun(run)) {
    assert.equal(status, 'inconclusive');
    assert.equal(reason, 'the run ended after 12 of 15 iterations');
    assert.equal(smallestDetectable, undefined);
  }
});

test('a short run, an empty one and one with NaN are inconclusive with their reason', () => {
  for (const [run, reason] of [
    [{ iterations: samples(3, () => ({})), iterationsAsked: 3 }, /has 3 measured iterations/],
    [{ iterations: [], iterationsAsked: 15 }, /ended after 0 of 15/],
    [
      { iterations: samples(15, (i) => (i === 4 ? { activeBytes: Number.NaN } : {})), iterationsAsked: 15 },
      /not a number/,
    ],
  ] as const) {
    assert.deepEqual(channelsToConfirm(run), []);
    const [active] = judgeRun(run);
    assert.equal(active?.status, 'inconclusive');
    assert.match(active.reason ?? '', reason);
  }
});

test('a confirmation run that was cut short leaves the other channels their verdicts', () => {
  const iterations = samples(15, (i) => ({ liveTensors: 549 + i }));
  const confirmation = samples(7, (i) => ({ liveTensors: 564 + i })).slice(1);
  const verdicts = judgeRun({ iterations, iterationsAsked: 15, confirmation });
  assert.equal(statusOf(verdicts, 'liveTensors'), 'inconclusive');
  assert.equal(statusOf(verdicts, 'activeBytes'), 'no-leak');
});

test('a footprint that grows with the cache needs no confirmation', () => {
  const iterations = samples(15, (i) => ({ footprintBytes: 1e9 + 4e6 * i, cacheBytes: 4e6 * i }));
  const run = { iterations, iterationsAsked: 15 };
  assert.deepEqual(channelsToConfirm(run), []);
  assert.equal(statusOf(judgeRun(run), 'footprintBytes'), 'cache-growth');
});
