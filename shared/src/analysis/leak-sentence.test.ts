/** Sentences about leaks, over runs of known truth, and what is made of a plant's verdicts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleSample } from '../../test/example-documents.ts';
import { seededNormal } from '../../test/simulated-series.ts';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { judgePlant, leakSentence, leakSentenceOfModels } from './leak-sentence.ts';
import { judgeRun } from './leak-verdicts.ts';

const clean: Partial<IterationSample> = { warmup: false };

const judged = (
  count: number,
  changes: (iteration: number) => Partial<IterationSample>,
  confirmations = 0,
): ChannelVerdict[] => {
  const at = (length: number, from: number): IterationSample[] =>
    Array.from({ length }, (_, index) => exampleSample(from + index, { ...clean, ...changes(from + index) }));
  return judgeRun({
    iterations: at(count, 0),
    iterationsAsked: count,
    ...(confirmations === 0 ? {} : { confirmation: at(confirmations, count) }),
  });
};

test('a clean run says what it would have shown', () => {
  const normal = seededNormal(1);
  const verdicts = judged(15, () => ({ footprintBytes: Math.round(330e6 + 1e6 * normal()) }));
  assert.match(
    leakSentence(verdicts),
    /^No leak: active memory is constant to the byte over 15 iterations; a leak of 1 B per iteration would have been detected\. Footprint: no leak above [\d.]+ MB per iteration\.$/,
  );
});

test('a leak is named with its place and rate, and how often it was seen again', () => {
  assert.match(
    leakSentence(judged(15, (i) => ({ activeBytes: 160e6 + 16_384 * i, liveTensors: 549 + i }), 30)),
    /^Leak: active memory \+16\.4 kB and live tensors \+1 tensor per iteration, and again over 30 more\. Footprint: /,
  );
});

test('what is open is called open, with the reason once', () => {
  assert.equal(
    leakSentence(judged(3, () => ({}))),
    'It is undetermined whether anything leaks: there are 3 measured iterations, and the rule needs at least 10.',
  );
  assert.match(
    leakSentence(judged(15, (i) => ({ heapBytes: 11e6 + 1e5 * i }))),
    /would have been detected\. Footprint: .* It is undetermined whether heap leaks: it rises, but no confirmation run was made\.$/,
  );
  assert.equal(leakSentence([]), '');
});

test('growth that ended is no leak, and no constant either', () => {
  const sentence = leakSentence(judged(15, (i) => ({ activeBytes: 160e6 + 1000 * Math.min(i, 6) })));
  assert.match(sentence, /^No leak: active memory grew over 15 iterations, then leveled off; /);
});

test('active memory that moves without rising is not called constant', () => {
  const sentence = leakSentence(judged(15, (i) => ({ activeBytes: 160e6 + (i % 2) * 64 })));
  assert.match(sentence, /^No leak: active memory does not rise over 15 iterations; /);
});

test('a footprint that grows with the cache is said to', () => {
  const verdicts = judged(15, (i) => ({ footprintBytes: 1e9 + 4e6 * i, cacheBytes: 4e6 * i }));
  assert.match(leakSentence(verdicts), /Footprint: it grows with the allocator’s cache/);
});

test('several models are told together where they are alike, and apart where they are not', () => {
  const fine = { name: 'bf16', leaks: judged(15, () => ({})) };
  const alike = { ...fine, name: 'fp32' };
  assert.equal(
    leakSentenceOfModels([fine, alike]),
    'No leak in any model; one of 1 B in active memory and 32.8 kB in footprint per iteration would have been detected.',
  );
  const leaking = { name: '4bit', leaks: judged(15, (i) => ({ activeBytes: 160e6 + 4 * i }), 30) };
  const short = { name: '8bit', leaks: judged(3, () => ({})) };
  assert.equal(
    leakSentenceOfModels([fine, leaking, short, { ...short, name: '6bit' }]),
    'Leaks: 4bit (active memory +4 B per iteration). No leak in bf16; one of 1 B in active memory and 32.8 kB in footprint ' +
      'per iteration would have been detected. It is undetermined whether 8bit and 6bit leak: there are 3 measured iterations, and ' +
      'the rule needs at least 10.',
  );
  assert.equal(leakSentenceOfModels([{ name: 'old', leaks: [] }]), '');
});

/** Clean in every channel but those that are given. */
const verdictsWith = (
  changes: Partial<Record<LeakChannel, Partial<ChannelVerdict>>> = {},
): ChannelVerdict[] =>
  leakChannels.map((channel) => ({
    channel,
    status: 'no-leak',
    ratePerIteration: 0,
    smallestDetectable: 1,
    ...changes[channel],
  }));

const leakOf = (ratePerIteration: number): Partial<ChannelVerdict> => ({ status: 'leak', ratePerIteration });

const tensor = { channel: 'activeBytes', alsoIn: ['liveTensors'], plantedRate: 1000 } as const;

test('a leak that is found in its channel, within a tenth of its rate, is as expected', () => {
  for (const rate of [901, 1000, 1099]) {
    assert.deepEqual(
      judgePlant(tensor, verdictsWith({ activeBytes: leakOf(rate), liveTensors: leakOf(1) })),
      {
        result: 'as-expected',
        measuredRate: rate,
      },
    );
  }
});

test('a rate that is further away is wrong', () => {
  for (const rate of [890, 1110, 2000]) {
    const { result, reason, measuredRate } = judgePlant(tensor, verdictsWith({ activeBytes: leakOf(rate) }));
    assert.equal(result, 'wrong-rate');
    assert.equal(measuredRate, rate);
    assert.match(reason ?? '', /% from the planted one/);
  }
});

test('a leak that is not called one is missed, whatever else it is called', () => {
  for (const status of ['no-leak', 'plateau', 'cache-growth', 'inconclusive'] as const) {
    const { result, reason } = judgePlant(tensor, verdictsWith({ activeBytes: { status } }));
    assert.equal(result, 'missed');
    assert.ok(reason?.includes(status));
  }
  assert.equal(judgePlant(tensor, []).result, 'missed');
  // In a place where it may be found besides, and not in its own.
  assert.equal(judgePlant(tensor, verdictsWith({ liveTensors: leakOf(1) })).result, 'missed');
});

test('a leak that is called where there is none is a false alarm, though the planted one is found', () => {
  const { result, reason } = judgePlant(
    tensor,
    verdictsWith({ activeBytes: leakOf(1000), openFileDescriptors: leakOf(1) }),
  );
  assert.equal(result, 'false-alarm');
  assert.match(reason ?? '', /a leak of 1 file per iteration in open files/);
});

test('what is no leak is left alone, as plateau or cache growth too', () => {
  const changes = { activeBytes: { status: 'plateau' }, footprintBytes: { status: 'cache-growth' } } as const;
  assert.deepEqual(judgePlant({ alsoIn: [] }, verdictsWith(changes)), { result: 'as-expected' });
  assert.equal(judgePlant({ alsoIn: [] }, verdictsWith({ activeBytes: leakOf(4) })).result, 'false-alarm');
  const open = { heapBytes: { status: 'inconclusive', reason: 'a sample is not a number' } } as const;
  assert.equal(judgePlant({ alsoIn: [] }, verdictsWith(open)).result, 'failed');
});
