/** Tests of where a text may be split, and of a text taken apart for eSpeak. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { espeak } from './espeak.ts';
import { keepWordsApart, splitClauses, splitEnclosed, splitNearMiddle, splitSentences } from './splitting.ts';
import type { Clause } from './splitting.ts';

test('a sentence ends at its stop, not at a decimal point', () => {
  assert.deepEqual(splitSentences('It is 3.5. “Is it?” Yes!'), ['It is 3.5.', '“Is it?”', 'Yes!']);
});

test('the best boundary near the middle is taken', () => {
  assert.deepEqual(splitNearMiddle('One two. Three four, five six.'), ['One two.', 'Three four, five six.']);
  assert.deepEqual(splitNearMiddle('one two three, four five six'), ['one two three,', 'four five six']);
  assert.deepEqual(splitNearMiddle('one two three four'), ['one two', 'three four']);
  assert.deepEqual(splitNearMiddle('a, twothreefour five'), ['a, twothreefour', 'five']);
});

test('a word without spaces is cut between graphemes', () => {
  assert.deepEqual(splitNearMiddle('abcd'), ['ab', 'cd']);
  assert.deepEqual(splitNearMiddle('e\u0301'), ['e\u0301']);
  assert.deepEqual(splitNearMiddle('ae\u0301'), ['a', 'e\u0301']);
});

test('halves are shorter than the whole, and only a space is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '.', ','), minLength: 2 }), (text) => {
      const halves = splitNearMiddle(text);
      assert.equal(halves.length, 2);
      for (const half of halves) {
        assert.ok(half.length < text.length);
      }
      assert.equal(halves.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
    }),
  );
});

const shape = (clauses: readonly Clause[]): string[] =>
  clauses.map(({ kind, text }) => `${kind === 'words' ? 'w' : 'p'}:${text}`);

test('words and pauses are apart, with the space on the pause’s side', () => {
  assert.deepEqual(shape(splitClauses('Hi, you. (Yes!) No')), [
    'w:Hi',
    'p:, ',
    'w:you',
    'p:. ',
    'w:(Yes',
    'p:!) ',
    'w:No',
  ]);
});

test('quotes and brackets alone are no pause', () => {
  assert.deepEqual(shape(splitClauses('the “big” (one)')), ['w:the “big” (one)']);
  assert.deepEqual(shape(splitEnclosed('the “big” one')), ['w:the', 'p: “', 'w:big', 'p:” ', 'w:one']);
});

test('a stop within a number, an acronym or a name is part of it', () => {
  assert.deepEqual(shape(splitClauses('3.5 U.S.A. a.com.')), ['w:3.5 U.S.A', 'p:. ', 'w:a.com', 'p:.']);
});

test('the parts joined are the text', () => {
  const character = fc.constantFrom(...Array.from("ab3 .,;:!?—…“”()'-"));
  fc.assert(
    fc.property(
      fc.string({ unit: character }),
      fc.constantFrom(splitClauses, splitEnclosed),
      (text, take) => {
        const parts = take(text);
        assert.equal(parts.map((clause) => clause.text).join(''), text);
        assert.ok(parts.every((clause) => clause.text !== ''));
      },
    ),
  );
});

test('only pairs that eSpeak says as one word are held apart', () => {
  assert.equal(keepWordsApart('a test For the model'), 'a test For\u00A0the model');
  assert.equal(keepWordsApart('to live'), 'to live');
});

test('each word has its phonemes, whatever stands beside it', async () => {
  const common =
    'the a of to and in is it for on with as at by from that this was be are have has had not but or an they we he she ' +
    'you there which their one would can will do does did if out all no more than been who what when where could may';
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...common.split(' '), 'cat', 'apple', 'model'), {
        minLength: 2,
        maxLength: 6,
      }),
      fc.constantFrom('american' as const, 'british' as const),
      async (words, variety) => {
        const ipa = await espeak(keepWordsApart(words.join(' ')), variety);
        assert.equal(ipa.split(' ').length, words.length, `${words.join(' ')}: ${ipa}`);
      },
    ),
    { numRuns: 150, seed: 1 },
  );
});
