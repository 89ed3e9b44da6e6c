/** What all channels of a run, and all runs of a study, together come to. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../../test/example-documents.ts';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel, LeakStatus } from '../protocol/leak-verdicts.ts';
import type { StudyDocument } from '../protocol/study-document.ts';
import { judgeRun } from './leak-run.ts';
import { summarizeLeaks, summarizeLeaksOf } from './leak-summary.ts';

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
