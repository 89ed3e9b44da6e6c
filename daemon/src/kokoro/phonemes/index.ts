/** Text to Kokoro's phonemes, for American and British English. */

import { setImmediate } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { hasWords, normalizeText } from './normalize.ts';
import { readSentence } from './reading.ts';
import { splitNearMiddle, splitSentences } from './splitting.ts';
import { hasSound, kokoroSymbols, maximumPhonemes } from './vocabulary.ts';
import type { Variety } from './voices.ts';

export { checkPhonemes } from './vocabulary.ts';
export { englishOfVoice } from './voices.ts';

interface Utterance {
  /** The words as they are spoken: numbers and abbreviations in full. */
  readonly text: string;
  /** Kokoro's symbols, at most {@link maximumPhonemes}; one symbol is one token. */
  readonly phonemes: string;
  /** Characters of the text and of its IPA that have no sound in Kokoro and were left out. */
  readonly dropped: number;
}

/** The longest text that {@link chunkText} accepts: about an hour of speech. */
export const maximumTextCharacters = 50_000;

/** The phonemes of a text of any length. Throws `bad-text` where {@link chunkText} does. */
export async function textToPhonemes(text: string, variety: Variety): Promise<string> {
  const utterances = await chunkText(text, variety);
  return utterances.map(({ phonemes }) => phonemes).join(' ');
}

/**
 * A text of up to {@link maximumTextCharacters} in as few utterances as the network's context allows, split where a reader
 * would breathe: at the ends of sentences, else at other punctuation, else between words. No word is lost.
 *
 * Throws `bad-text` when there is nothing to say or too much, and the signal's reason when it is aborted.
 */
export async function chunkText(
  text: string,
  variety: Variety,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Utterance[]> {
  if (text.length > maximumTextCharacters) {
    throw new TidemarkError(
      'bad-text',
      `The text has ${count(text.length)} characters, but the maximum is ${count(maximumTextCharacters)}.`,
      { hint: 'Split it into shorter texts.' },
    );
  }
  const normalized = normalize(text);
  const pieces: Utterance[] = [];
  for (const sentence of splitSentences(normalized.text)) {
    pieces.push(...(await pronounceWithin(sentence, variety, options.signal)));
  }
  const [first, ...rest] = pack(pieces).filter(({ phonemes }) => hasSound(phonemes));
  if (first === undefined) {
    throw nothingToSay();
  }
  return [{ ...first, dropped: first.dropped + normalized.dropped }, ...rest];
}

function normalize(text: string): { text: string; dropped: number } {
  if (text.trim() === '') {
    throw new TidemarkError('bad-text', 'The text is empty.', { hint: 'Give a sentence to speak.' });
  }
  const normalized = normalizeText(text);
  if (!hasWords(normalized.text)) {
    throw nothingToSay();
  }
  return normalized;
}

function nothingToSay(): TidemarkError {
  return new TidemarkError('bad-text', 'The text contains no words that an English voice can pronounce.', {
    hint: 'Use words in Latin letters, or give phonemes with --phonemes.',
  });
}

/** `piece` as utterances that fit, in the order of the text. */
async function pronounceWithin(
  piece: string,
  variety: Variety,
  signal: AbortSignal | undefined,
): Promise<Utterance[]> {
  // Reading blocks the thread for a sentence; between sentences a signal must be seen and an interrupt handled.
  await setImmediate();
  signal?.throwIfAborted();
  // A piece of twice the context's length is not worth reading: hardly a letter is silent twice.
  if (piece.length <= 2 * maximumPhonemes) {
    const { phonemes, dropped } = await pronounce(piece, variety);
    if (phonemes.length <= maximumPhonemes) {
      return [{ text: piece, phonemes, dropped }];
    }
  }
  const halves: Utterance[] = [];
  for (const half of splitNearMiddle(piece)) {
    halves.push(...(await pronounceWithin(half, variety, signal)));
  }
  return halves;
}

/** Neighbors joined by a space as long as the sum fits. */
function pack(pieces: readonly Utterance[]): Utterance[] {
  const packed: Utterance[] = [];
  for (const piece of pieces) {
    const last = packed.at(-1) ?? { text: '', phonemes: '', dropped: 0 };
    const joined = {
      text: `${last.text} ${piece.text}`.trim(),
      phonemes: `${last.phonemes} ${piece.phonemes}`.trim(),
      dropped: last.dropped + piece.dropped,
    };
    if (joined.phonemes.length > maximumPhonemes) {
      packed.push(piece);
    } else {
      packed.splice(-1, 1, joined);
    }
  }
  return packed;
}

interface Sounds {
  readonly phonemes: string;
  readonly dropped: number;
}

/** The phonemes of normalized text, its punctuation kept in place, and how many symbols had no place in Kokoro's vocabulary. */
async function pronounce(text: string, variety: Variety): Promise<Sounds> {
  const symbols = Array.from(await readSentence([{ text }], variety));
  const known = symbols.filter((symbol) => kokoroSymbols.has(symbol));
  return {
    phonemes: known.join('').replaceAll(/\s+/gu, ' ').trim(),
    dropped: symbols.length - known.length,
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
