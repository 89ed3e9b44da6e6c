/** Tests of text made ready to be spoken. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWords, linkPlace, normalizeText } from './normalize.ts';

function becomes(cases: Readonly<Record<string, string>>): void {
  for (const [written, spoken] of Object.entries(cases)) {
    assert.equal(normalizeText(written, 'american').text, spoken);
  }
}

test('plain text stays as it is', () => {
  const text = 'This is a memory profiling test for the Kokoro TTS model.';
  assert.deepEqual(normalizeText(text, 'american'), { text, dropped: new Map() });
});

test('quotes become the vocabulary’s pairs and apostrophes stay', () => {
  becomes({
    '"Hi," she said.': '“Hi,” she said.',
    '("Hi")': '(“Hi”)',
    '«Hi»': '“Hi”',
    'don’t': "don't",
  });
});

test('dashes and ellipses have one form each', () => {
  becomes({
    'one - two': 'one — two',
    'one -- two': 'one — two',
    'one – two': 'one — two',
    'well-known': 'well-known',
    'Wait... what': 'Wait… what',
    'Wait. . .': 'Wait…',
  });
});

test('full-width and mathematical letters are letters', () => {
  becomes({ 'Ｈｅｌｌｏ！': 'Hello!', '𝐇𝐢 ﬁne': 'Hi fine', 'cafe\u0301': 'café' });
});

test('white space is single and stands on the right side of a mark', () => {
  becomes({ '  a \t b\r\nc ': 'a b c', 'yes , no': 'yes, no', '( a )': '(a)' });
});

test('abbreviations are said in full', () => {
  becomes({
    'Dr. Smith met Mr. and Mrs. Jones.': 'Doctor Smith met Mister and Missus Jones.',
    'Main St. by St. Paul': 'Main Street by Saint Paul',
    'cats vs. dogs': 'cats versus dogs',
    'e.g. this': 'for example, this',
    'No. 5, and no. No.': 'Number five, and no. No.',
  });
});

test('an acronym ends a sentence only where one ends', () => {
  becomes({
    'the U.S. Army': 'the U.S Army',
    'in the U.S. It is': 'in the U.S. It is',
    'in the U.S.': 'in the U.S.',
    'J. Smith': 'J Smith',
    'at 3 p.m. sharp': 'at three PM sharp',
    'a Ph.D. thesis': 'a P.H.D thesis',
    'the M.Sc., the B.A. and the D.C. courts': 'the M.S.C, the B.A and the D.C courts',
    'J.R.R. Tolkien’s U.S.-based aunt': "J.R.R Tolkien's U.S-based aunt",
  });
});

test('what has no sound in English is left out, and counted by character', () => {
  const dropped: Readonly<Record<string, readonly [text: string, ...counts: (readonly [string, number])[]]>> =
    {
      'Hi 😀 there': ['Hi there', ['😀', 1]],
      '**bold** 你好': ['bold', ['*', 4], ['你', 1], ['好', 1]],
      'a\u0000b': ['a b', ['\u0000', 1]],
      '`a` | <b> ~ ^ \\ _': [
        'a b',
        ['`', 2],
        ['|', 1],
        ['<', 1],
        ['>', 1],
        ['~', 1],
        ['^', 1],
        ['\\', 1],
        ['_', 1],
      ],
      'Привет, world': [', world', ...Array.from('Привет', (letter) => [letter, 1] as const)],
      '• one': ['one', ['•', 1]],
      'a\uE001': ['a', ['\uE001', 1]],
    };
  for (const [written, [text, ...counts]] of Object.entries(dropped)) {
    assert.deepEqual(normalizeText(written, 'american'), { text, dropped: new Map(counts) });
  }
});

test('characters that are never seen are no loss', () => {
  assert.deepEqual(normalizeText('so\u00ADft\u200B', 'american'), { text: 'soft', dropped: new Map() });
  assert.deepEqual(normalizeText('1\uFE0F\u20E3', 'american'), { text: 'one', dropped: new Map() });
});

test('a lone surrogate does no harm', () => {
  assert.equal(normalizeText('a \uD800 b', 'american').text, 'a b');
});

test('the place of a link is a word, and stays', () => {
  const { text } = normalizeText(`the ${linkPlace}’s 5 ${linkPlace}.`, 'american');
  assert.equal(text, `the ${linkPlace}'s five ${linkPlace}.`);
  assert.ok(hasWords(linkPlace));
});

test('letters are words; marks are not', () => {
  assert.ok(hasWords('a'));
  for (const silent of ['', '.', '—…', '“”', "'"]) {
    assert.ok(!hasWords(silent), silent);
  }
});
