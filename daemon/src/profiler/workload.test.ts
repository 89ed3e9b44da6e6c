/** Many texts as they are asked for and as they are said: what is refused, their order, and which iteration says which. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { workloadLimits } from '@tidemark/shared/protocol/workload.ts';
import { spokenIn } from './loop.ts';
import { defaultIterations, profileDefaults, settleSettings } from './settings.ts';
import type { ProfileRequest } from './settings.ts';
import { workloadIn, workloadOf, workloadRequestOf } from './workload.ts';

const settle = (changes: Partial<ProfileRequest>) =>
  settleSettings({ ...profileDefaults, text: undefined, ...changes });

const lines = ['Good morning.', '', '  The train leaves in ten minutes.  ', 'Stop!'];

const refusal =
  (code: TidemarkError['code'], message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(error.hint !== undefined);
    return true;
  };

test('each line is a text with its number and its phonemes, blank ones are skipped', async () => {
  const settings = await settle({ texts: lines, keepCache: true, cacheLimitBytes: 1e6 });
  assert.deepEqual(
    settings.texts?.map(({ line, text }) => [line, text]),
    [
      [1, 'Good morning.'],
      [3, 'The train leaves in ten minutes.'],
      [4, 'Stop!'],
    ],
  );
  const alone = await Promise.all(lines.filter((line) => line !== '').map((text) => settle({ text })));
  assert.deepEqual(
    settings.texts.map(({ phonemes }) => phonemes),
    alone.map(({ phonemes }) => phonemes),
  );
  assert.equal(settings.text, undefined);
  assert.deepEqual(settings.phonemes, settings.texts[1]?.phonemes, 'the longest');
  assert.equal(settings.keepCache, true);
  assert.equal(settings.cacheLimitBytes, 1e6);
});

test('a run of one text has settings as before', async () => {
  const names = Object.keys(await settle({ text: 'Good morning.' }));
  for (const name of ['texts', 'shuffled', 'keepCache', 'cacheLimitBytes']) {
    assert.ok(!names.includes(name), name);
  }
});

test('the seed draws an order of all texts, always the same one', async () => {
  const many = Array.from({ length: 30 }, (_, index) => `Number ${index}.`);
  const order = async (seed: number) =>
    (await settle({ texts: many, shuffled: true, seed })).texts?.map(({ line }) => line);
  const inOrder = many.map((_, index) => index + 1);
  const [first, again, other] = [await order(0), await order(0), await order(1)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.notDeepEqual(first, inOrder);
  assert.deepEqual(
    first?.toSorted((a, b) => a - b),
    inOrder,
  );
});

test('what cannot be said is refused with its line, and what does not go together too', async () => {
  const tooMany = Array.from({ length: workloadLimits.texts + 1 }, () => 'A line.');
  const cases: readonly [Partial<ProfileRequest>, TidemarkError['code'], RegExp][] = [
    [{ texts: ['Hello.', '', '漢字'] }, 'bad-text', /^Line 3 cannot be said\./],
    [{ texts: ['…', 'Hello.'] }, 'bad-text', /^Line 1 cannot be said\./],
    [{ texts: ['', '  ', '\t'] }, 'bad-input', /every line is blank/],
    [{ texts: [] }, 'bad-input', /every line is blank/],
    [{ texts: tooMany }, 'bad-input', /too many texts: 1,001 texts/],
    [{ texts: ['A line. '.repeat(8000)] }, 'bad-input', /too many texts: 1 texts?, 65 kB/],
    [{ texts: lines, text: 'Hello.' }, 'bad-input', /Both several texts and a text/],
    [{ texts: lines, phonemes: 'həlˈO.' }, 'bad-input', /Both several texts and phonemes/],
    [{ text: 'Hello.', shuffled: true }, 'bad-input', /nothing to shuffle/],
  ];
  for (const [request, code, message] of cases) {
    await assert.rejects(settle(request), refusal(code, message), JSON.stringify(request).slice(0, 80));
  }
});

test('by default all texts are said once, where they are more than the default', () => {
  assert.equal(defaultIterations(undefined), 15);
  assert.equal(defaultIterations(lines), 15);
  assert.equal(defaultIterations(Array.from({ length: 40 }, (_, index) => `Number ${index}.`)), 40);
});

test('iterations say one text after the other, and a confirmation only what was said before', async () => {
  const texts = Array.from({ length: 5 }, (_, index) => `Number ${index}.`);
  const settings = await settle({ texts, iterations: 7, warmupIterations: 2 });
  const said = (count: number, of = settings) =>
    Array.from({ length: count }, (_, index) => spokenIn(index, of).textIndex);
  assert.deepEqual(said(12), [0, 1, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  assert.deepEqual(spokenIn(4, settings).phonemes, settings.texts?.[2]?.phonemes);
  assert.deepEqual(said(9, { ...settings, iterations: 3 }), [0, 1, 0, 1, 2, 0, 1, 2, 0]);
  assert.deepEqual(spokenIn(4, await settle({ text: 'Hello.' })), {
    phonemes: (await settle({ text: 'Hello.' })).phonemes,
  });
});

test('lists of runs tell workloads apart without holding the texts', async () => {
  const many = Array.from({ length: 40 }, (_, index) => `${'A long sentence. '.repeat(20)}${index}`);
  const summary = workloadOf({ texts: many, keepCache: true });
  assert.equal(summary?.texts, 40);
  assert.ok(JSON.stringify(summary).length < 400);
  assert.notEqual(workloadOf({ texts: many.with(3, 'Another.') })?.textsSha256, summary.textsSha256);
  assert.equal(workloadOf({}), undefined);
  assert.equal(workloadOf({ keepCache: false, shuffled: false, strategy: 'faithful' }), undefined);
  const request = {
    texts: lines,
    shuffled: true,
    keepCache: true,
    cacheLimitBytes: 5,
    strategy: 'lean',
  } as const;
  assert.deepEqual(workloadIn(await settle(request)), workloadOf(request));
  assert.deepEqual(workloadRequestOf({ ...request, id: 3, name: 'nightly', text: undefined }), request);
});
