/** Wrapping, and facts beside their labels or below them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFacts, wrapText } from './wrap.ts';

test('a text is broken between words, and its own line breaks stay', () => {
  assert.deepEqual(wrapText('one two three\nfour', 8), ['one two', 'three', 'four']);
});

test('a word that is too long is not cut', () => {
  assert.deepEqual(wrapText('in /a/long/path/that/stays whole', 10), [
    'in',
    '/a/long/path/that/stays',
    'whole',
  ]);
});

test('facts stand beside their labels, later lines below the first, and none are shown without lines', () => {
  const facts = [
    { label: 'Host', lines: ['bf16 with af_heart', 'idle'] },
    { label: 'Queue', lines: [] },
    { label: 'Run', lines: ['none'] },
  ];
  assert.deepEqual(formatFacts(facts), ['Host  bf16 with af_heart', '      idle', 'Run   none']);
});

test('a fact that is too long for the terminal goes on below itself', () => {
  const facts = [{ label: 'Host', lines: ['one two three four five six seven eight nine'] }];
  assert.deepEqual(formatFacts(facts, { maxWidth: 40 }), [
    'Host  one two three four five six seven',
    '      eight nine',
  ]);
});

test('in a terminal that is too narrow for two columns facts go below their labels', () => {
  const facts = [{ label: 'Host', lines: ['one two three four'], style: (line: string) => `<${line}>` }];
  assert.deepEqual(formatFacts(facts, { maxWidth: 20 }), ['Host', '  <one two three four>']);
});
