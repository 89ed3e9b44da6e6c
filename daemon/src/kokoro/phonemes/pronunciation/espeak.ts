/** Words that the lexicon lacks, by eSpeak NG, which the package phonemizer has compiled to WebAssembly. */

import { createRequire } from 'node:module';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Variety } from '../voices.ts';

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
 * The IPA of `text`. Takes about 0.1 ms a character and blocks the thread meanwhile; beyond some 100 letters in a row it stops
 * in silence, so callers pass less.
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

/**
 * Those of misaki's fallback (github.com/hexgrad/misaki, espeak.py). It asks eSpeak to tie what is one sound; this build cannot,
 * so an l is syllabic where no vowel follows.
 */
const shared: readonly Rule[] = [
  // A switch of language, as in “(fr)”.
  [/\([a-z-]+\)/gu, ''],
  [/ʔˌ?n\u0329/gu, 'ʔn'],
  [/aɪ/gu, 'I'],
  [/aʊ/gu, 'W'],
  [/dʒ/gu, 'ʤ'],
  [/eɪ/gu, 'A'],
  [/tʃ/gu, 'ʧ'],
  [/ɔɪ/gu, 'Y'],
  [/əl(?=i(?: |$)|[^ˈˌAIOQWYaeiouyɐɑɒæɔəɚɛɜɪʊʌᵻ]|$)/gu, 'ᵊl'],
  [/ʲ(?=[oə])/gu, 'j'],
  [/ʲ/gu, ''],
  [/e/gu, 'A'],
  [/ɚ/gu, 'əɹ'],
  [/r/gu, 'ɹ'],
  [/g/gu, 'ɡ'],
  [/[xç]/gu, 'k'],
  [/ɐ/gu, 'ə'],
  [/ɬ/gu, 'l'],
  [/\u0303/gu, ''],
  [/(\S)\u0329/gu, 'ᵊ$1'],
  [/\u0329/gu, ''],
];

const varieties: Readonly<Record<Variety, readonly Rule[]>> = {
  american: [
    [/oʊ/gu, 'O'],
    [/ɜːɹ?/gu, 'ɜɹ'],
    [/ɪə/gu, 'iə'],
    [/ː/gu, ''],
  ],
  british: [[/əʊ/gu, 'Q']],
};

/** Letters that eSpeak is given at once: it loses the end of words of more than some 150, and of many digits. */
const mostLetters = 60;
const mostDigits = 12;

/** The phonemes of a word of any length, in misaki's notation. */
export async function espeakWord(word: string, variety: Variety): Promise<string> {
  const said: string[] = [];
  for (const piece of word.match(pieces) ?? []) {
    const known = asked.get(`${variety} ${piece}`);
    const phonemes = known ?? inMisakisNotation(await espeak(piece, variety), variety);
    if (known === undefined) {
      remember(`${variety} ${piece}`, phonemes);
    }
    said.push(phonemes);
  }
  return said.join(' ');
}

function inMisakisNotation(ipa: string, variety: Variety): string {
  let phonemes = ipa;
  for (const [pattern, replacement] of [...shared, ...varieties[variety], [/o/gu, 'ɔ'] as const]) {
    phonemes = phonemes.replaceAll(pattern, replacement);
  }
  return phonemes;
}

/** What eSpeak was asked already: it takes milliseconds a word, and a long text is read in parts that are halved and read again. */
const asked = new Map<string, string>();
const mostAsked = 20_000;

function remember(question: string, answer: string): void {
  if (asked.size >= mostAsked) {
    asked.clear();
  }
  asked.set(question, answer);
}

const pieces = new RegExp(String.raw`\d{1,${mostDigits}}|\D{1,${mostLetters}}`, 'gu');
