/** Text to Kokoro's phonemes, for American and British English. */

import { setImmediate } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { markLinks, segmentsOf, takeLinks, wordsOf } from './links.ts';
import type { Link } from './links.ts';
import { hasWords, linkPlace, normalizeText } from './normalization/normalize.ts';
import { readSentence } from './pronunciation/reading.ts';
import { fewestPhonemesAlone, splitNearMiddle, splitSentences } from './splitting.ts';
import { hasSound, kokoroSymbols, maximumPhonemes } from './vocabulary.ts';
import type { Variety } from './voices.ts';

export { checkPhonemes } from './vocabulary.ts';
export { englishOfVoice } from './voices.ts';

interface Utterance {
  /** The words as they are spoken: numbers and abbreviations in full. */
  readonly text: string;
  /** Kokoro's symbols, at most {@link maximumPhonemes}; one symbol is one token. */
  readonly phonemes: string;
  /** Characters of the text and of its IPA that have no sound in Kokoro, and how often each was left out. */
  readonly dropped: ReadonlyMap<string, number>;
}

/** A long text takes seconds: what stops its preparation, and who sees how far it is. */
export interface Preparation {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneCharacters: number, ofCharacters: number) => void) | undefined;
  /** Makes an utterance of each sentence rather than of as many as fit, so that the first one is soon said. */
  readonly bySentence?: boolean | undefined;
}

/** The longest text that {@link chunkText} accepts: about an hour of speech. */
export const maximumTextCharacters = 50_000;

/** The phonemes of a text of any length. Throws `bad-text` where {@link chunkText} does. */
export async function textToPhonemes(text: string, variety: Variety): Promise<string> {
  const utterances = await chunkText(text, variety);
  return utterances.map(({ phonemes }) => phonemes).join(' ');
}

/**
 * A text of up to {@link maximumTextCharacters} in as few utterances as its lines and the network's context allow: a line break
 * ends an utterance, as in mlx-audio, and a long line is split where a reader would breathe: at the ends of sentences, else at
 * other punctuation, else between words. No word is lost.
 *
 * Throws `bad-text` when there is nothing to say or too much, and the signal's reason when it is aborted.
 */
export async function chunkText(
  text: string,
  variety: Variety,
  { signal, onProgress, bySentence = false }: Preparation = {},
): Promise<Utterance[]> {
  if (text.length > maximumTextCharacters) {
    throw new TidemarkError(
      'bad-text',
      `The text has ${count(text.length)} characters, but the maximum is ${count(maximumTextCharacters)}.`,
      { hint: 'Split it into shorter texts.' },
    );
  }
  if (text.trim() === '') {
    throw new TidemarkError('bad-text', 'The text is empty.', { hint: 'Give a sentence to speak.' });
  }
  const lines = text.split(/[\n\r\u2028\u2029]+/u).map((line) => prepareLine(line, variety));
  const total = lines.reduce((sum, line) => sum + line.text.length, 0);
  const utterances: Utterance[] = [];
  let done = 0;
  const onPiece = (characters: number): void => onProgress?.((done += characters), total);
  // What a line without words loses is told with what the next one says.
  let dropped = new Map<string, number>();
  for (const line of lines) {
    dropped = addCounts(dropped, line.dropped);
    const pieces: Utterance[] = [];
    for (const sentence of line.hasWords ? splitSentences(line.text) : []) {
      const parts = await pronounceWithin(sentence, { variety, links: line.links, signal, onPiece });
      pieces.push(...(bySentence ? pack(parts) : parts));
    }
    for (const piece of pack(pieces, bySentence ? isTooShortAlone : undefined)) {
      dropped = addCounts(dropped, piece.dropped);
      if (hasSound(piece.phonemes)) {
        utterances.push({ ...piece, dropped });
        dropped = new Map();
      }
    }
  }
  const last = utterances.pop();
  if (last === undefined) {
    throw nothingToSay();
  }
  return [...utterances, { ...last, dropped: addCounts(last.dropped, dropped) }];
}

/** A line as it is said, a character in the place of each link. */
interface Line {
  readonly text: string;
  readonly links: readonly Link[];
  readonly hasWords: boolean;
  readonly dropped: ReadonlyMap<string, number>;
}

function prepareLine(line: string, variety: Variety): Line {
  const { text, links, unsaid } = takeLinks(line, linkPlace);
  const normalized = normalizeText(text, variety);
  return {
    text: markLinks(normalized.text, linkPlace),
    links: links.map(({ text: words, given }) => ({
      text: 'phonemes' in given ? words : normalizeText(words, variety).text,
      given,
    })),
    hasWords: hasWords(normalized.text),
    dropped: addCounts(normalized.dropped, countsOf(unsaid)),
  };
}

const countsOf = (characters: string): Map<string, number> =>
  addCounts(...Array.from(characters).map((character) => new Map([[character, 1]])));

/** What was left out of several texts, character by character. */
export function addCounts(...counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [character, times] of counts.flatMap((each) => [...each])) {
    total.set(character, (total.get(character) ?? 0) + times);
  }
  return total;
}

function nothingToSay(): TidemarkError {
  return new TidemarkError('bad-text', 'The text contains no words that an English voice can pronounce.', {
    hint: 'Use words in Latin letters, or give phonemes with --phonemes.',
  });
}

interface Reading {
  readonly variety: Variety;
  /** Of the line. */
  readonly links: readonly Link[];
  readonly signal: AbortSignal | undefined;
  readonly onPiece: (characters: number) => void;
}

/** `piece` as utterances that fit, in the order of the text. */
async function pronounceWithin(piece: string, reading: Reading): Promise<Utterance[]> {
  // Reading blocks the thread for a sentence; between sentences a signal must be seen and an interrupt handled.
  await setImmediate();
  reading.signal?.throwIfAborted();
  // English has about as many phonemes as letters: a longer piece would be read in vain, and again in halves. Halves that fit
  // together after all are joined again.
  if (piece.length <= 1.25 * maximumPhonemes) {
    const { phonemes, dropped } = await pronounce(piece, reading);
    if (phonemes.length <= maximumPhonemes) {
      reading.onPiece(piece.length);
      return [{ text: wordsOf(piece, reading.links), phonemes, dropped }];
    }
  }
  const halves: Utterance[] = [];
  for (const half of splitNearMiddle(piece)) {
    halves.push(...(await pronounceWithin(half, reading)));
  }
  return halves;
}

const isTooShortAlone = ({ phonemes }: Utterance): boolean => phonemes.length < fewestPhonemesAlone;

/**
 * Neighbors joined by a space as long as the sum fits; where `needsNeighbor` is given, only a piece that needs one, and with the
 * next one if there is one.
 */
function pack(
  pieces: readonly Utterance[],
  needsNeighbor: (piece: Utterance) => boolean = () => true,
): Utterance[] {
  const packed: Utterance[] = [];
  const add = (piece: Utterance, isJoined: (last: Utterance) => boolean): void => {
    const last = packed.at(-1);
    const joined = last !== undefined && isJoined(last) ? joinedPieces(last, piece) : undefined;
    if (joined !== undefined && joined.phonemes.length <= maximumPhonemes) {
      packed.splice(-1, 1, joined);
    } else {
      packed.push(piece);
    }
  };
  for (const piece of pieces) {
    add(piece, needsNeighbor);
  }
  const end = packed.pop();
  if (end !== undefined) {
    add(end, () => needsNeighbor(end));
  }
  return packed;
}

const joinedPieces = (first: Utterance, second: Utterance): Utterance => ({
  text: `${first.text} ${second.text}`.trim(),
  phonemes: `${first.phonemes} ${second.phonemes}`.trim(),
  dropped: addCounts(first.dropped, second.dropped),
});

/** The phonemes of normalized text, its punctuation kept in place, and the symbols that Kokoro's vocabulary lacks. */
async function pronounce(text: string, { variety, links }: Reading): Promise<Omit<Utterance, 'text'>> {
  const symbols = Array.from(await readSentence(segmentsOf(text, links), variety));
  const isKnown = (symbol: string): boolean => kokoroSymbols.has(symbol);
  return {
    phonemes: symbols.filter(isKnown).join('').replaceAll(/\s+/gu, ' ').trim(),
    dropped: countsOf(symbols.filter((symbol) => !isKnown(symbol)).join('')),
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
