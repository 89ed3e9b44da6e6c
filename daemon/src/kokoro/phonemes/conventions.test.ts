/** Tests of the way from eSpeak's IPA to Kokoro's symbols. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toKokoroSymbols } from './conventions.ts';

const american = (ipa: string): string => toKokoroSymbols(ipa, 'american').phonemes;
const british = (ipa: string): string => toKokoroSymbols(ipa, 'british').phonemes;

test('a diphthong is one symbol', () => {
  assert.equal(american('ɡˈoʊ dˈeɪ maɪ nˈaʊ bˈɔɪ'), 'ɡˈO dˈA mI nˈW bˈY');
  assert.equal(british('ɡˈəʊ dˈeɪ maɪ nˈaʊ bˈɔɪ'), 'ɡˈQ dˈA mI nˈW bˈY');
});

test('an affricate is one symbol', () => {
  assert.equal(american('dʒˈʌdʒ tʃˈɜːtʃ'), 'ʤˈʌʤ ʧˈɜɹʧ');
});

test('American vowels have no length, and the bird vowel has its r', () => {
  assert.equal(american('wˈɜːld fˈɜːɹi fˈɑːðɚ'), 'wˈɜɹld fˈɜɹi fˈɑðɚ');
  assert.equal(british('wˈɜːld fˈɑːðə'), 'wˈɜːld fˈɑːðə');
});

test('the American flap is T', () => {
  assert.equal(american('wˈɔːɾɚ'), 'wˈɔTɚ');
});

test('British centring diphthongs are those of its dictionary', () => {
  assert.equal(british('tʃˈeə nˈiə kjˈʊə'), 'ʧˈɛː nˈɪə kjˈʊə');
});

test('a syllabic consonant takes the small schwa', () => {
  assert.equal(american('bˈʌʔn̩ kˈɑːʔn̩'), 'bˈʌtᵊn kˈɑtᵊn');
  assert.equal(american('mˈɑːdəl lˈɪɾəlz fˈaɪnəli'), 'mˈɑdᵊl lˈɪTᵊlz fˈInᵊli');
  assert.equal(american('sˈæləd pˈæɹəlˌɛl'), 'sˈæləd pˈæɹəlˌɛl');
});

test('a hundred is a word of its own and a suffix is not', () => {
  assert.equal(american('nˈaɪntiːnhˈʌndɹɪd'), 'nˈIntin hˈʌndɹɪd');
  assert.equal(british('tˈuːhˈʌndɹɪdən ˈeɪti'), 'tˈuː hˈʌndɹɪd ən ˈAti');
  assert.equal(american('nˈaɪnti z wɜː'), 'nˈIntiz wɜɹ');
  assert.equal(american('hˈʌndɹɪd θ'), 'hˈʌndɹɪdθ');
});

test('sounds that English lacks become the nearest that it has', () => {
  assert.equal(american('bˈɑːx ɬænˈɛli r'), 'bˈɑk lænˈɛli ɹ');
  assert.equal(american('(fr)bɔ̃(en)'), 'bɔ');
});

test('what has no symbol is dropped and counted', () => {
  assert.deepEqual(toKokoroSymbols('aꟸb7', 'american'), { phonemes: 'ab', dropped: 2 });
});
