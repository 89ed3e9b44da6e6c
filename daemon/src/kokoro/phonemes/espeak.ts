/** English words to IPA by eSpeak NG, which the package phonemizer has compiled to WebAssembly, and its IPA to Kokoro's symbols. */

import { createRequire } from 'node:module';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { kokoroSymbols } from './vocabulary.ts';
import type { Variety } from './voices.ts';

type Phonemizer = typeof import('phonemizer');

/**
 * eSpeak's voices, by file. The name `en-gb` would be accepted and then ignored by this build, which goes on speaking
 * with the voice of the call before.
 */
const voiceFiles: Readonly<Record<Variety, string>> = { american: 'gmw/en-US', british: 'gmw/en' };

let loaded: Phonemizer | undefined;

/**
 * Loads eSpeak at the first use: it takes about 0.2 s and 60 MB. Emscripten's start code installs two process-wide
 * handlers that rethrow what they are given; they would replace a clear error by a crash, so they are taken out again.
 * `require` is synchronous, so nobody else's handlers can come in between.
 */
function phonemizer(): Phonemizer {
  if (loaded) {
    return loaded;
  }
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = new Map(events.map((event) => [event, new Set(process.rawListeners(event))]));
  loaded = createRequire(import.meta.url)('phonemizer') as Phonemizer;
  for (const event of events) {
    for (const listener of process.rawListeners(event)) {
      if (!before.get(event)?.has(listener)) {
        process.off(event, listener);
      }
    }
  }
  return loaded;
}

/**
 * The IPA of `text`, which should hold words and no punctuation: words apart by spaces, stress before the vowel, lines
 * joined. Takes about 0.1 ms a character and blocks the thread meanwhile, so callers pass a clause at a time.
 */
export async function espeak(text: string, variety: Variety): Promise<string> {
  try {
    const lines = await phonemizer().phonemize(text, voiceFiles[variety]);
    return lines.join(' ').replaceAll(/\s+/g, ' ').trim();
  } catch (cause) {
    throw new TidemarkError(
      'internal',
      'The text could not be converted to phonemes because eSpeak NG failed.',
      {
        hint: 'Give phonemes with --phonemes.',
        cause,
      },
    );
  }
}

type Rule = readonly [pattern: RegExp, replacement: string];

/** eSpeak runs some words together, and separates a suffix after a number as if it were a word. */
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

/**
 * Kokoro's symbols for a clause of eSpeak's IPA, and how many symbols had none and were dropped.
 *
 * Kokoro-82M was trained on phonemes of misaki, which writes a diphthong or an affricate as one symbol and falls back on
 * eSpeak for words that its dictionary lacks; the rules are those of that fallback (github.com/hexgrad/misaki,
 * EN_PHONES.md and espeak.py) and the American flap is T (kokoro's pipeline.py). Symbols that the vocabulary has
 * from eSpeak itself, ɐ and ɚ, stay as they are.
 */
export function toKokoroSymbols(ipa: string, variety: Variety): { phonemes: string; dropped: number } {
  let phonemes = ipa;
  for (const [pattern, replacement] of [...words, ...shared, ...varieties[variety], ...single]) {
    phonemes = phonemes.replaceAll(pattern, replacement);
  }
  const known = Array.from(phonemes).filter((symbol) => kokoroSymbols.has(symbol));
  return { phonemes: known.join(''), dropped: Array.from(phonemes).length - known.length };
}
