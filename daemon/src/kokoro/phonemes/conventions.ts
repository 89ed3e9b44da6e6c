/**
 * From eSpeak's IPA to Kokoro's symbols.
 *
 * Kokoro-82M was trained on phonemes of misaki, which writes a diphthong or an affricate as one symbol and falls back on
 * eSpeak for words that its dictionary lacks; the rules are those of that fallback (github.com/hexgrad/misaki,
 * EN_PHONES.md and espeak.py) and the American flap is T (kokoro's pipeline.py). Symbols that the vocabulary has
 * from eSpeak itself, ɐ and ɚ, stay as they are.
 */

import { kokoroSymbols } from './vocabulary.ts';
import type { Variety } from './voices.ts';

type Rule = readonly [pattern: RegExp, replacement: string];

/** eSpeak sets some words solid, and sets a suffix after a number apart as if it were a word. */
const words: readonly Rule[] = [
  [/(?<=\S)(?=hˈʌndɹɪd)/gu, ' '],
  [/(?<=hˈʌndɹɪd)(?=ən)/gu, ' '],
  [/(?<=\S) (?=[zsθ](?: |$))/gu, ''],
];

const shared: readonly Rule[] = [
  // A switch of language, as in “(fr)”.
  [/\([a-z-]+\)/gu, ''],
  // The glottal stop and the syllabic n of “button”: bˈʌʔn̩ is bˈʌtᵊn.
  [/ʔˌ?n\u0329?/gu, 'tᵊn'],
  [/ʔ/gu, 't'],
  [/(\p{L})\u0329/gu, 'ᵊ$1'],
  [/dʒ/gu, 'ʤ'],
  [/tʃ/gu, 'ʧ'],
  [/aɪ/gu, 'I'],
  [/aʊ/gu, 'W'],
  [/eɪ/gu, 'A'],
  [/ɔɪ/gu, 'Y'],
  // Syllabic l: “model” and “finally”, but not “salad” or “parallel”, where the l begins the next syllable.
  [/əl(?=i(?: |$)|[^ˈˌAIOQWYaeiouyɐɑɒæɔəɚɛɜɪʊʌᵻ]|$)/gu, 'ᵊl'],
  [/ʲ(?=[oəO])/gu, 'j'],
  [/ʲ/gu, ''],
  [/[xç]/gu, 'k'],
  [/ɬ/gu, 'l'],
  [/r/gu, 'ɹ'],
  [/g/gu, 'ɡ'],
  [/\u0303/gu, ''],
];

const varieties: Readonly<Record<Variety, readonly Rule[]>> = {
  american: [
    [/oʊ|əʊ/gu, 'O'],
    [/ɜːɹ?/gu, 'ɜɹ'],
    [/ɪə/gu, 'iə'],
    [/ː/gu, ''],
    [/ɾ/gu, 'T'],
  ],
  british: [
    [/eə/gu, 'ɛː'],
    [/iə/gu, 'ɪə'],
    [/əʊ|oʊ/gu, 'Q'],
    [/ᵻ/gu, 'ɪ'],
    [/ɾ/gu, 't'],
  ],
};

/** Vowels that are left alone after the diphthongs are taken out. */
const single: readonly Rule[] = [
  [/o/gu, 'ɔ'],
  [/e/gu, 'A'],
];

/** Kokoro's symbols for a clause of eSpeak's IPA, and how many symbols had none and were dropped. */
export function toKokoroSymbols(ipa: string, variety: Variety): { phonemes: string; dropped: number } {
  let phonemes = ipa;
  for (const [pattern, replacement] of [...words, ...shared, ...varieties[variety], ...single]) {
    phonemes = phonemes.replaceAll(pattern, replacement);
  }
  const known = Array.from(phonemes).filter((symbol) => kokoroSymbols.has(symbol));
  return { phonemes: known.join(''), dropped: Array.from(phonemes).length - known.length };
}
