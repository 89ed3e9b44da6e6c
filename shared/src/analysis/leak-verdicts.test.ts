/** Verdicts on the series that the rule must know apart, on a run's channels, and on all of them together. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile, exampleSample } from '../../test/example-documents.ts';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel, LeakStatus } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import type { StudyDocument } from '../protocol/study-document.ts';
import {
  channelsToConfirm,
  judgeChannel,
  judgeRun,
  needsConfirmation,
  summarizeLeaks,
  summarizeLeaksOf,
} from './leak-verdicts.ts';
import type { ChannelSeries } from './leak-verdicts.ts';

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
    [{ iterations: samples(3, () => ({})), iterationsAsked: 3 }, /there are 3 measured iterations/],
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

/** Every channel clean, but for those that are named. */
const verdicts = (statuses: Partial<Record<LeakChannel, LeakStatus>> = {}): ChannelVerdict[] =>
  leakChannels.map((channel) => ({
    channel,
    status: statuses[channel] ?? 'no-leak',
    ratePerIteration: 0,
    smallestDetectable: 1,
  }));

test('channels that are all clean are no leak', () => {
  assert.equal(summarizeLeaks(verdicts()), 'no-leak');
});

test('one channel that leaks is a leak, whatever the others are', () => {
  for (const channel of leakChannels) {
    assert.equal(summarizeLeaks(verdicts({ [channel]: 'leak' })), 'leak');
  }
  assert.equal(summarizeLeaks(verdicts({ activeBytes: 'inconclusive', heapBytes: 'leak' })), 'leak');
});

test('a footprint that is still open takes the certainty from a clean active memory', () => {
  assert.equal(summarizeLeaks(verdicts({ footprintBytes: 'inconclusive' })), 'inconclusive');
});

test('active memory that grew and then stayed is no leak', () => {
  assert.equal(summarizeLeaks(verdicts({ activeBytes: 'plateau' })), 'no-leak');
});

test('a footprint that grows with the cache, or to a plateau, leaves a clean run clean', () => {
  assert.equal(summarizeLeaks(verdicts({ footprintBytes: 'cache-growth' })), 'no-leak');
  assert.equal(summarizeLeaks(verdicts({ footprintBytes: 'plateau', heapBytes: 'plateau' })), 'no-leak');
});

test('growth of the cache says nothing about active memory', () => {
  assert.equal(summarizeLeaks(verdicts({ activeBytes: 'cache-growth' })), 'inconclusive');
});

test('active memory that could hide any leak proves nothing', () => {
  const unbounded = verdicts().map(({ smallestDetectable, ...rest }) =>
    rest.channel === 'activeBytes' ? rest : { ...rest, smallestDetectable: smallestDetectable ?? 1 },
  );
  assert.equal(summarizeLeaks(unbounded), 'inconclusive');
});

test('without active memory nothing is called clean', () => {
  assert.equal(summarizeLeaks(verdicts().filter(({ channel }) => channel !== 'activeBytes')), 'inconclusive');
});

test('a run that nobody judged has no summary', () => {
  assert.equal(summarizeLeaks([]), undefined);
  assert.equal(summarizeLeaksOf(exampleProfile()), undefined);
});

test('a run that ended early is inconclusive', () => {
  const { iterations } = exampleProfile();
  assert.equal(summarizeLeaks(judgeRun({ iterations, iterationsAsked: 15 })), 'inconclusive');
});

function study(
  leaks: readonly (ChannelVerdict[] | undefined)[],
  changes: Partial<StudyDocument> = {},
): StudyDocument {
  const runs = leaks.map((each) => ({
    ...exampleProfile(),
    ...(each === undefined ? {} : { leaks: each }),
  }));
  return {
    kind: 'study',
    schemaVersion: 1,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 60,
    models: ['bf16', '4bit-fp32'],
    settings: exampleProfile().settings,
    runs,
    failures: [],
    skipped: [],
    conclusion: 'Nothing.',
    outcome: 'complete',
    ...changes,
  };
}

test('a study with one model that leaks is a leak', () => {
  assert.equal(summarizeLeaksOf(study([verdicts(), verdicts({ activeBytes: 'leak' })])), 'leak');
});

test('a study is clean only where every model is', () => {
  assert.equal(summarizeLeaksOf(study([verdicts(), verdicts()])), 'no-leak');
  assert.equal(
    summarizeLeaksOf(study([verdicts(), verdicts({ activeBytes: 'inconclusive' })])),
    'inconclusive',
  );
  assert.equal(summarizeLeaksOf(study([verdicts(), undefined])), 'inconclusive');
});

test('a study that did not come to a model is not clean', () => {
  assert.equal(summarizeLeaksOf(study([verdicts()], { skipped: ['4bit-fp32'] })), 'inconclusive');
  const failures = [{ model: '4bit-fp32', error: { code: 'internal' as const, message: 'It broke.' } }];
  assert.equal(summarizeLeaksOf(study([verdicts()], { failures })), 'inconclusive');
});

test('a study in which nothing was judged has no summary', () => {
  assert.equal(summarizeLeaksOf(study([])), undefined);
  assert.equal(summarizeLeaksOf(study([undefined])), undefined);
});
