/**
 * Tests of reading against misaki 0.9.4, which mlx-audio reads with: pairs of words and sentences with what it says of them. The
 * file was made by scripts/interop/misaki-reading.py; `npm run interop pronunciations` compares 30,000 texts more.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSentence } from './reading.ts';
import { tagsOf } from './part-of-speech.ts';

/** Lines of text, tab, American phonemes, tab, British ones. */
const file = new URL('../../../../test/fixtures/misaki-readings.tsv', import.meta.url);
const readings = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('\t'));

for (const [column, variety] of [undefined, 'american', 'british'].entries()) {
  if (variety === 'american' || variety === 'british') {
    test(`every pair and sentence has misaki's phonemes in ${variety} English`, async () => {
      assert.ok(readings.length > 270);
      for (const reading of readings) {
        const [text = ''] = reading;
        assert.equal(await readSentence([{ text }], variety), reading[column], text);
      }
    });
  }
}

test('whatever words stand together, each is said once and apart', async () => {
  const common =
    'the a of to and in is it for on with as at by from that this was be are have has had not but or an they we he she I am ' +
    'you there which their one would can will do does did if out all no more than been who what when where could may cat apple';
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...common.split(' '), 'snorfle', 'Kubernetes', 'NASA', "don't", "we'd've"), {
        minLength: 2,
        maxLength: 8,
      }),
      fc.constantFrom('american' as const, 'british' as const),
      async (words, variety) => {
        const said = await readSentence([{ text: words.join(' ') }], variety);
        assert.equal(said.split(' ').length, words.length, `${words.join(' ')}: ${said}`);
        assert.ok(!said.split(' ').includes(''), said);
      },
    ),
    { numRuns: 100 },
  );
});

test('punctuation stays where it stands', async () => {
  for (const [text, phonemes] of [
    ['Hi, you. (Yes!) No', 'hˈI, ju. (jˈɛs!) nˈO'],
    ['the “big” one', 'ðə “bˈɪɡ” wˈʌn'],
    ['one—two… three', 'wˈʌn—tˈu… θɹˈi'],
    ["the 'big' one, dogs' and 'all'", 'ðə “bˈɪɡ” wˈʌn, dˈɔɡz ænd “ˈɔl”'],
  ] as const) {
    assert.equal(await readSentence([{ text }], 'american'), phonemes);
  }
});

test('a point in a number has no stress, and one that is made has', async () => {
  assert.equal(
    await readSentence([{ text: 'three point five at that point' }], 'american'),
    'θɹˈi pYnt fˈIv æt ðˈæt pˈYnt',
  );
});

test('long words and runs of letters keep their ends', async () => {
  const said = await readSentence([{ text: `${'na'.repeat(100)} end` }], 'american');
  assert.equal(said.match(/n/gu)?.length, 101, said);
  assert.ok(said.endsWith('ˈɛnd'));
});

test('words have the tags that spaCy gives them', () => {
  const tags = (text: string): string[] => {
    const tagAt = tagsOf(text);
    return [...text.matchAll(/\S+/gu)].map(({ index }) => tagAt(index));
  };
  assert.deepEqual(tags('She read what he had read , and will read it again .'), [
    'PRP',
    'VBD',
    'WP',
    'PRP',
    'VBD',
    'VBN',
    ',',
    'CC',
    'MD',
    'VB',
    'PRP',
    'RB',
    '.',
  ]);
  assert.deepEqual(tags('That is the use that people use'), ['DT', 'VBZ', 'DT', 'NN', 'WDT', 'NNS', 'VBP']);
});
