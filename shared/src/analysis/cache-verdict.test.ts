/** A kept cache among a run's channels: its verdict and sentences, the footprint beside it, and what to do about it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { exampleProfile, exampleSample } from '../../test/example-documents.ts';
import { cacheChannel, channelVerdict, leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { parseRunDocument } from '../protocol/run-document.ts';
import { cacheRemedySentences, cacheSentence } from './cache-sentence.ts';
import { compareDocuments } from './comparison.ts';
import { judgePlant, leakSentence } from './leak-sentence.ts';
import { channelsToConfirm, judgeRun, summarizeLeaks } from './leak-verdicts.ts';

const mb = 1e6;

/** One iteration of warm-up and `count` measured ones; the cache holds so much after each, of all its iterations. */
function samples(
  count: number,
  cacheBytes: (index: number) => number,
  changes: (index: number) => Partial<IterationSample> = () => ({}),
): IterationSample[] {
  return Array.from({ length: count + 1 }, (_, index) =>
    exampleSample(index, {
      cacheBeforeBytes: index === 0 ? 0 : cacheBytes(index - 1),
      cacheBytes: cacheBytes(index),
      footprintBytes: 300 * mb + cacheBytes(index),
      newShapes: 1,
      audioSeconds: 2 + 0.4 * index,
      textIndex: index,
      ...changes(index),
    }),
  );
}

const judge = (
  iterations: readonly IterationSample[],
  rest: Partial<Parameters<typeof judgeRun>[0]> = {},
): ChannelVerdict[] =>
  judgeRun({ iterations, iterationsAsked: iterations.length - 1, keepCache: true, ...rest });

const of = (verdicts: readonly ChannelVerdict[], channel: LeakChannel): ChannelVerdict =>
  verdicts.find((verdict) => verdict.channel === channel) ?? assert.fail(`${channel} was not judged`);

/** 100 MB with each new length, and all lengths new. */
const growing = samples(20, (index) => 100 * mb * (index + 1));

test('where the cache was cleared each time it is no channel, and nothing else changes', () => {
  const cleared = growing.map((sample) => ({ ...sample, cacheBeforeBytes: 0, footprintBytes: 330 * mb }));
  const verdicts = judgeRun({ iterations: cleared, iterationsAsked: 20 });
  assert.deepEqual(
    verdicts.map(({ channel }) => channel),
    [...leakChannels],
  );
  assert.ok(verdicts.every(({ cache, withoutCache }) => cache === undefined && withoutCache === undefined));
  assert.equal(summarizeLeaks(verdicts), 'no-leak');
});

test('a cache that grows without end is the one channel that leaks, and the footprint without it is clean', () => {
  const verdicts = judge(growing);
  assert.equal(of(verdicts, cacheChannel).status, 'grows');
  const footprint = of(verdicts, 'footprintBytes');
  assert.deepEqual([footprint.status, footprint.withoutCache], ['no-leak', true]);
  assert.deepEqual(channelsToConfirm({ iterations: growing, iterationsAsked: 20, keepCache: true }), []);
  assert.equal(summarizeLeaks(verdicts), 'leak');
  assert.match(
    leakSentence(verdicts),
    /^Cache: grows without end, with each new length: 20 new lengths added 100\.0 MB each, to 2\.10 GB over 20 iterations\. No leak: active memory is constant .* Footprint without the cache: no leak above /,
  );
  for (const verdict of verdicts) {
    assert.equal(v.safeParse(channelVerdict, verdict).success, true);
  }
});

test('a process that leaks beside a kept cache is still found to, by its footprint without the cache', () => {
  const leaking = (index: number): Partial<IterationSample> => ({
    footprintBytes: 300 * mb + 100 * mb * (index + 1) + mb * index,
  });
  const iterations = samples(20, (index) => 100 * mb * (index + 1), leaking);
  assert.deepEqual(channelsToConfirm({ iterations, iterationsAsked: 20, keepCache: true }), [
    'footprintBytes',
  ]);
});

test('where the cache is not in the process, as on a graphics card, the footprint is judged as it is', () => {
  const iterations = samples(
    20,
    (index) => 100 * mb * (index + 1),
    (index) => ({ footprintBytes: 3000 * mb + (index % 3) * 1000 }),
  );
  const footprint = of(judge(iterations), 'footprintBytes');
  assert.deepEqual([footprint.status, footprint.withoutCache], ['no-leak', undefined]);
});

test('each verdict has its sentence, with figures of the run', () => {
  const seen = (from: number) => (index: number) => (index < from ? {} : { newShapes: 0 });
  const level = judge(samples(20, (index) => 100 * mb * Math.min(index + 1, 8), seen(8)));
  assert.equal(
    cacheSentence(of(level, cacheChannel)),
    'Cache: grows with new lengths and levels off at 800.0 MB; 7 new lengths added 100.0 MB each, and 0 B per iteration without one.',
  );
  assert.equal(summarizeLeaks(level), 'no-leak');

  const full = samples(20, (index) => Math.min(500 * mb, 200 * mb * (index + 1)));
  const limited = (limitAsked: boolean): string =>
    cacheSentence(of(judge(full, { cacheLimitBytes: 500 * mb, cacheLimitAsked: limitAsked }), cacheChannel));
  assert.equal(limited(true), 'Cache: bounded by its limit of 500.0 MB.');
  assert.equal(limited(false), 'Cache: bounded by MLX’s own limit of 500.0 MB.');

  const flat = judge(samples(15, () => 33.5 * mb, seen(1)));
  assert.equal(cacheSentence(of(flat, cacheChannel)), 'Cache: constant at 33.5 MB over 15 iterations.');
  assert.match(leakSentence(flat), /^No leak: .* Cache: constant at 33\.5 MB over 15 iterations\.$/);

  const onTheWay = judge(growing, { cacheLimitBytes: 8000 * mb, cacheLimitAsked: true });
  assert.match(
    cacheSentence(of(onTheWay, cacheChannel)),
    /^Cache: undetermined, because it grows with new lengths and has not reached its limit \(it is at 2\.10 GB, and its limit is 8\.00 GB\)\.$/,
  );
  assert.equal(summarizeLeaks(onTheWay), 'inconclusive');
  assert.doesNotMatch(leakSentence(onTheWay), /whether cache/);
});

test('growth on one text asks for a confirmation run, and is told per iteration', () => {
  const one = (count: number, from: number): IterationSample[] =>
    samples(
      count,
      (index) => 33 * mb + 4096 * (from + index),
      () => ({ newShapes: 0, textIndex: 0 }),
    );
  const iterations = one(15, 0);
  const run = { iterations, iterationsAsked: 15, keepCache: true };
  assert.deepEqual(channelsToConfirm(run), [cacheChannel]);
  const verdict = of(judge(iterations, { confirmation: one(30, 15).slice(1) }), cacheChannel);
  assert.equal(verdict.ratePerIteration, 4096);
  assert.match(
    cacheSentence(verdict),
    /^Cache: grows without end, on lengths that were said before too: by 4\.1 kB per iteration, /,
  );
});

test('a run that ended early says so of its cache too', () => {
  const verdicts = judgeRun({ iterations: growing, iterationsAsked: 40, keepCache: true });
  const { status, reason } = of(verdicts, cacheChannel);
  assert.deepEqual([status, reason], ['inconclusive', 'the run ended after 20 of 40 iterations']);
  assert.equal(
    leakSentence(verdicts),
    'It is undetermined whether anything leaks: the run ended after 20 of 40 iterations.',
  );
});

test('remedies are reckoned from what the run left in the cache', () => {
  // The first text leaves 164 MB, the others 100 MB each; audio of 2 s to 10 s, each 0.4 s longer than the one before.
  const iterations = samples(20, (index) => 64 * mb + 100 * mb * (index + 1));
  const verdict = of(judge(iterations), cacheChannel);
  assert.deepEqual(verdict.cache?.remedies, {
    limitBytes: 164 * mb,
    clear: { iterations: 10, bytes: 1000 * mb },
    buckets: { seconds: 1, buckets: 9, lengths: 21, bytes: 964 * mb },
  });
  const [limit, clear, buckets] = cacheRemedySentences(verdict);
  assert.match(limit ?? '', /164\.0 MB .*`mx\.set_cache_limit\(164000000\)`.*`--cache-limit 164MB`/);
  assert.match(clear ?? '', /after every 10 utterances: .* 1\.00 GB\.$/);
  assert.match(buckets ?? '', /the 21 lengths of this run become 9, .* 964\.0 MB together\.$/);
});

test('there is nothing to do about a cache that has a limit or does not grow, nor without figures', () => {
  const full = judge(
    samples(20, () => 500 * mb),
    { cacheLimitBytes: 500 * mb },
  );
  const flat = judge(samples(20, () => 33 * mb));
  for (const verdicts of [full, flat, judge(growing.slice(0, 5)), judge(samples(15, () => 0))]) {
    assert.deepEqual(cacheRemedySentences(of(verdicts, cacheChannel)), []);
  }
});

test('a planted cache that grows is found in its channel, and nowhere else', () => {
  const verdicts = judge(growing);
  const planted = { channel: cacheChannel, alsoIn: [], plantedRate: 100 * mb } as const;
  assert.deepEqual(judgePlant(planted, verdicts), { result: 'as-expected', measuredRate: 100 * mb });
  assert.equal(judgePlant({ alsoIn: [] }, verdicts).result, 'false-alarm');
});

test('a cache that grows now is a new leak against one that did not', () => {
  const profile = (leaks: ChannelVerdict[]) => ({
    ...exampleProfile({ measured: growing.slice(1).map(() => ({})) }),
    leaks,
  });
  const flat = judge(samples(20, () => 33 * mb));
  const newLeaks = (before: ChannelVerdict[]): readonly string[] | undefined =>
    compareDocuments(
      { file: 'a', document: profile(before) },
      { file: 'b', document: profile(judge(growing)) },
      0.02,
    ).models[0]?.newLeaks;
  assert.deepEqual(newLeaks(flat), [cacheChannel]);
  assert.deepEqual(newLeaks(judge(growing)), []);
});

test('documents with a kept cache are read, and so are older ones without', () => {
  const older = exampleProfile();
  assert.deepEqual(parseRunDocument(JSON.stringify(older), 'older').kind, 'profile');
  const run = { ...older, leaks: judge(growing), settings: { ...older.settings, keepCache: true } };
  const read = parseRunDocument(JSON.stringify(run), 'newer');
  assert.equal(read.kind, 'profile');
  assert.deepEqual((read as typeof run).leaks, run.leaks);
});
