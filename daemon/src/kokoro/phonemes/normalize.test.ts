/** Tests of text made ready to be spoken. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWords, normalizeText } from './normalize.ts';

function becomes(cases: Readonly<Record<string, string>>): void {
  for (const [written, spoken] of Object.entries(cases)) {
    assert.equal(normalizeText(written).text, spoken);
  }
}

test('plain text stays as it is', () => {
  const text = 'This is a memory profiling test for the Kokoro TTS model.';
  assert.deepEqual(normalizeText(text), { text, dropped: 0 });
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

test('an empty line ends a sentence', () => {
  becomes({ 'Title\n\nText': 'Title. Text', 'One.\n\nTwo': 'One. Two' });
});

test('abbreviations are said in full', () => {
  becomes({
    'Dr. Smith met Mr. and Mrs. Jones.': 'Doctor Smith met Mister and Missus Jones.',
    'Main St. by St. Paul': 'Main Street by Saint Paul',
    'cats vs. dogs': 'cats versus dogs',
    'e.g. this': 'for example, this',
    'No. 5, and no. No.': 'Number 5, and no. No.',
  });
});

test('an acronym ends a sentence only where one ends', () => {
  becomes({
    'the U.S. Army': 'the U.S Army',
    'in the U.S. It is': 'in the U.S. It is',
    'in the U.S.': 'in the U.S.',
    'J. Smith': 'J Smith',
    'at 3 p.m. sharp': 'at 3 p.m sharp',
  });
});

test('what has no sound in English is left out and counted', () => {
  assert.deepEqual(normalizeText('Hi 😀 there'), { text: 'Hi there', dropped: 1 });
  assert.deepEqual(normalizeText('**bold** 你好'), { text: 'bold', dropped: 6 });
  assert.deepEqual(normalizeText('a\u0000b'), { text: 'a b', dropped: 1 });
});

test('characters that are never seen are no loss', () => {
  assert.deepEqual(normalizeText('so\u00ADft\u200B'), { text: 'soft', dropped: 0 });
});

test('a lone surrogate does no harm', () => {
  assert.equal(normalizeText('a \uD800 b').text, 'a b');
});

test('letters, figures and signs are words; marks are not', () => {
  for (const words of ['a', '5', '50%', '&', '½']) {
    assert.ok(hasWords(words), words);
  }
  for (const silent of ['', '.', '—…', '“”', "'"]) {
    assert.ok(!hasWords(silent), silent);
  }
});
