/** Tests of looking words up in the table that set-up makes of misaki's files. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tableOf } from '../../../../../scripts/setup/steps/lexicon.js';
import { Lexicon, lexiconOf } from './lexicon.ts';

const gold = {
  word: 'wˈɜɹd',
  live: { DEFAULT: 'lˈɪv', ADJ: 'lˈIv' },
  Boston: 'bˈɔstən',
  A: 'ˈA',
  ABS: { DEFAULT: 'ˈæbz', NOUN: null },
  café: 'kæfˈA',
};
const silver = { word: 'no', wordy: 'wˈɜɹdi' };
const lexicon = new Lexicon(tableOf(gold, silver));

test('each entry is found, and nothing else', () => {
  assert.equal(lexicon.gold('word'), 'wˈɜɹd');
  assert.equal(lexicon.gold('café'), 'kæfˈA');
  assert.deepEqual(lexicon.gold('live'), { DEFAULT: 'lˈɪv', ADJ: 'lˈIv' });
  assert.deepEqual(lexicon.gold('ABS'), { DEFAULT: 'ˈæbz', NOUN: null });
  for (const missing of ['', 'wor', 'words', 'zzz', '!', 'constructor', 'word\tgold']) {
    assert.equal(lexicon.gold(missing), undefined);
    assert.equal(lexicon.silver(missing), undefined);
  }
});

test('a checked entry hides the unchecked one', () => {
  assert.equal(lexicon.silver('word'), undefined);
  assert.equal(lexicon.gold('wordy'), undefined);
  assert.equal(lexicon.silver('wordy'), 'wˈɜɹdi');
});

test('a capital at the start is no other word, capitals throughout and single letters are', () => {
  assert.equal(lexicon.gold('Word'), 'wˈɜɹd');
  assert.equal(lexicon.gold('boston'), 'bˈɔstən');
  assert.equal(lexicon.gold('BOSTON'), undefined);
  assert.equal(lexicon.gold('a'), undefined);
});

test('every word of any table is found', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[^\t\n=]+$/u), fc.stringMatching(/^[a-zˈ]+$/u)),
      (entries) => {
        const table = new Lexicon(tableOf(entries, {}));
        for (const [word, phonemes] of Object.entries(entries)) {
          assert.equal(table.gold(word), phonemes);
        }
      },
    ),
  );
});

test('an empty table has no word', () => {
  assert.equal(new Lexicon(Buffer.alloc(0)).gold('word'), undefined);
});

test('the packaged tables hold both kinds of English', () => {
  assert.equal(lexiconOf('american').gold('water'), 'wˈɔɾəɹ');
  assert.equal(lexiconOf('british').gold('water'), 'wˈɔːtə');
});
