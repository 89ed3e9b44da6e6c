/** What is asked of a run, and what is refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { expectedAudioSeconds, profileDefaults, settleSettings } from './settings.ts';
import type { ProfileRequest } from './settings.ts';

const settle = (changes: Partial<ProfileRequest> = {}) => settleSettings({ ...profileDefaults, ...changes });

/** Without the default text. */
const phonemesOnly = (phonemes: string) => settle({ text: undefined, phonemes });

async function assertRefused(
  changes: Partial<ProfileRequest>,
  code: TidemarkError['code'],
  message: RegExp,
): Promise<void> {
  await assert.rejects(settle(changes), (error: unknown) => {
    assert.ok(error instanceof TidemarkError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

test('the default is the seed sentence, fifteen times after one of warm-up', async () => {
  const settings = await settle();
  assert.equal(settings.text, 'This is a memory profiling test for the Kokoro TTS model.');
  assert.equal(settings.iterations, 15);
  assert.equal(settings.warmupIterations, 1);
  assert.equal(settings.voice, 'af_heart');
  assert.deepEqual(settings.phonemes.length, 1);
  assert.match(settings.phonemes[0] ?? '', /^ðˌɪs ɪz ɐ mˈɛm/);
});

test('phonemes are said as they are, without a text', async () => {
  const settings = await phonemesOnly('həlˈO.');
  assert.deepEqual(settings.phonemes, ['həlˈO.']);
  assert.equal(settings.text, undefined);
});

test('what of a text is not said is recorded, of one text and of many', async () => {
  const settings = await settle({ text: '**Hi** 😀\n*' });
  assert.deepEqual(settings.dropped, {
    count: 6,
    characters: [
      { character: '*', count: 5 },
      { character: '😀', count: 1 },
    ],
  });
  assert.equal('dropped' in (await settle({ text: 'Hi.' })), false);
  const many = await settle({ text: undefined, texts: ['A. 😀', 'Bee, 😀 *', 'A longer one.'] });
  assert.equal(many.dropped?.count, 3);
  assert.deepEqual(many.dropped.characters[0], { character: '😀', count: 2 });
});

test('a text in another script names its most frequent characters and counts all', async () => {
  const text = `Hi ${Array.from({ length: 50 }, (_none, place) => String.fromCodePoint(0x4e00 + place)).join('')}一`;
  const { dropped } = await settle({ text });
  assert.equal(dropped?.count, 51);
  assert.equal(dropped.characters.length, 20);
  assert.deepEqual(dropped.characters[0], { character: '一', count: 2 });
});

test('the expected length of the audio grows with phonemes and utterances, and shrinks with speed', () => {
  const expected = (phonemes: string[], speed: number): number =>
    Math.round(100 * expectedAudioSeconds({ phonemes, speed })) / 100;
  assert.equal(expected(['a'.repeat(100)], 1), 6.7);
  assert.equal(expected(['a'.repeat(100)], 2), 3.35);
  assert.equal(expected(['a'.repeat(50), 'a'.repeat(50)], 1), 7.7);
});

test('the voice decides on the variety of English', async () => {
  const [american, british] = [
    await settle({ text: 'water', voice: 'af_heart' }),
    await settle({ text: 'water', voice: 'bf_emma' }),
  ];
  assert.notDeepEqual(american.phonemes, british.phonemes);
});

test('the language that was asked for decides before the voice, and is recorded', async () => {
  const british = (await settle({ text: 'water', voice: 'bf_emma' })).phonemes;
  for (const voice of ['af_heart', 'jf_alpha', './own.pt', 'own_a,own_b']) {
    const settings = await settle({ text: 'water', voice, language: 'british' });
    assert.deepEqual(settings.phonemes, british);
    assert.equal(settings.language, 'british');
  }
  assert.equal((await settle({ text: undefined, phonemes: 'a', language: 'british' })).language, undefined);
  await assertRefused({ text: 'water', voice: './own.pt' }, 'bad-text', /does not indicate its language/);
});

test('a voice may be the path of its file', async () => {
  const settings = await settle({ text: 'water', voice: './voices/bf_emma.safetensors' });
  assert.deepEqual(settings.phonemes, (await settle({ text: 'water', voice: 'bf_emma' })).phonemes);
});

test('a long text becomes several utterances, each within the context', async () => {
  const { phonemes } = await settle({ text: 'The quick brown fox jumps over the lazy dog. '.repeat(40) });
  assert.ok(phonemes.length > 1);
  for (const utterance of phonemes) {
    assert.ok(utterance.length <= 510);
  }
});

test('numbers out of their range are refused', async () => {
  await assertRefused({ iterations: 0 }, 'bad-input', /iterations/);
  await assertRefused({ iterations: -15 }, 'bad-input', /iterations/);
  await assertRefused({ iterations: 1.5 }, 'bad-input', /iterations/);
  await assertRefused({ iterations: Number.NaN }, 'bad-input', /iterations/);
  await assertRefused({ iterations: 1e12 }, 'bad-input', /iterations/);
  await assertRefused({ warmupIterations: -1 }, 'bad-input', /warm-up/);
  await assertRefused({ seed: -1 }, 'bad-input', /seed/);
  await assertRefused({ seed: 2 ** 53 }, 'bad-input', /seed/);
  await assertRefused({ speed: 0 }, 'bad-input', /speed/);
  await assertRefused({ speed: Number.NaN }, 'bad-input', /speed/);
  await assertRefused({ speed: Number.POSITIVE_INFINITY }, 'bad-input', /speed/);
});

test('a text with nothing to say, too much to say, or phonemes beside it is refused', async () => {
  await assertRefused({ text: '' }, 'bad-text', /empty/);
  await assertRefused({ text: ' \n ' }, 'bad-text', /empty/);
  await assertRefused({ text: undefined }, 'bad-text', /empty/);
  await assertRefused({ text: 'a'.repeat(1_000_000) }, 'bad-text', /1,000,000 characters/);
  await assertRefused({ phonemes: 'həlˈO.' }, 'bad-input', /Both/);
});

test('a text for a voice of another language is refused', async () => {
  await assertRefused({ voice: 'jf_alpha' }, 'bad-text', /Japanese/);
});
