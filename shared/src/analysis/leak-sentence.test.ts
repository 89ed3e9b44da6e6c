/** The sentences about leaks, over runs of known truth. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleSample } from '../../test/example-documents.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { judgeRun } from './leak-run.ts';
import { leakSentence, leakSentenceOfModels } from './leak-sentence.ts';
import { seededNormal } from '../../test/simulated-series.ts';

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
    /^No leak: active memory is constant to the byte over 15 iterations; a leak of 1 B an iteration would have shown\. Footprint: none above [\d.]+ MB an iteration\.$/,
  );
});

test('a leak is named with its place and rate, and how often it was seen again', () => {
  assert.match(
    leakSentence(judged(15, (i) => ({ activeBytes: 160e6 + 16_384 * i, liveTensors: 549 + i }), 30)),
    /^Leak: active memory \+16\.4 kB and live tensors \+1 tensor an iteration, and again over 30 more\. Footprint: /,
  );
});

test('what is open is called open, with the reason once', () => {
  assert.equal(
    leakSentence(judged(3, () => ({}))),
    'Whether anything leaks is open: it has 3 measured iterations, and the rule needs 10.',
  );
  assert.match(
    leakSentence(judged(15, (i) => ({ heapBytes: 11e6 + 1e5 * i }))),
    /would have shown\. Footprint: .* Whether JavaScript heap leaks is open: it rises, but no confirmation run was made\.$/,
  );
  assert.equal(leakSentence([]), '');
});

test('growth that ended is no leak, and no constant either', () => {
  const sentence = leakSentence(judged(15, (i) => ({ activeBytes: 160e6 + 1000 * Math.min(i, 6) })));
  assert.match(sentence, /^No leak: active memory grew over 15 iterations, and then stayed; /);
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
    'No leak in any model; one of 1 B in active memory and 32.8 kB in footprint an iteration would have shown.',
  );
  const leaking = { name: '4bit', leaks: judged(15, (i) => ({ activeBytes: 160e6 + 4 * i }), 30) };
  const short = { name: '8bit', leaks: judged(3, () => ({})) };
  assert.equal(
    leakSentenceOfModels([fine, leaking, short, { ...short, name: '6bit' }]),
    'Leaks: 4bit (active memory +4 B an iteration). No leak in bf16; one of 1 B in active memory and 32.8 kB in footprint ' +
      'an iteration would have shown. Whether there is a leak in 8bit and 6bit is open: it has 3 measured iterations, and ' +
      'the rule needs 10.',
  );
  assert.equal(leakSentenceOfModels([{ name: 'old', leaks: [] }]), '');
});
