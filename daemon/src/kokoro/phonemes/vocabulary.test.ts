/** Tests of the vocabulary and of phonemes given directly. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPhonemes, hasSound, kokoroSymbols } from './vocabulary.ts';

const seedPhonemes = 'ðɪs ɪz ɐ mˈɛmɚɹi pɹˈOfIlɪŋ tˈɛst fɔɹ ðə kəkˈɔɹO tˌitˌiˈɛs mˈɑdᵊl.';

function refused(pattern: RegExp) {
  return { name: 'TidemarkError', code: 'bad-text', message: pattern };
}

test('the symbols are those of the published vocabulary, in its order', () => {
  const file = new URL('../../../../build/weights/vocab.json', import.meta.url);
  const { vocab } = JSON.parse(readFileSync(file, 'utf8')) as { vocab: Record<string, number> };
  const published = Object.entries(vocab).toSorted(([, a], [, b]) => a - b);
  assert.deepEqual(
    [...kokoroSymbols],
    published.map(([symbol]) => symbol),
  );
});

test('phonemes of the vocabulary pass as they are', () => {
  assert.equal(checkPhonemes(seedPhonemes), seedPhonemes);
  assert.equal(checkPhonemes('bɔ̃ʒˈuʁ.'), 'bɔ\u0303ʒˈuʁ.');
  assert.equal(checkPhonemes('çˈiç'), 'çˈiç');
});

test('white space is trimmed and made single', () => {
  assert.equal(checkPhonemes('  həlˈO \n\t wˈɜɹld.  '), 'həlˈO wˈɜɹld.');
});

test('a nasal vowel in one character is taken apart', () => {
  assert.equal(checkPhonemes('bõ'), 'bo\u0303');
});

test('a symbol that the vocabulary lacks is named, with what was probably meant', () => {
  assert.throws(() => checkPhonemes('gˈO'), refused(/“g” \(U\+0067; did you mean “ɡ”\?\)/));
  assert.throws(() => checkPhonemes('hə5§'), refused(/“5” \(U\+0035\), “§” \(U\+00A7\)/));
});

test('another vocabulary can be given', () => {
  assert.throws(() => checkPhonemes('ab', new Set('a')), refused(/“b”/));
});

test('phonemes without a sound are refused', () => {
  for (const silent of ['', '   ', '.', 'ˈˌː', '—…']) {
    assert.throws(() => checkPhonemes(silent), refused(/contain no sounds/));
    assert.equal(hasSound(silent), false);
  }
});

test('510 phonemes fit into the context and 511 do not', () => {
  assert.equal(checkPhonemes('a'.repeat(510)).length, 510);
  assert.throws(() => checkPhonemes('a'.repeat(511)), refused(/511 phonemes/));
});
