/** Tests of where a text may be split. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitNearMiddle, splitSentences } from './splitting.ts';

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
