/** Where a text may be split for the network, gently, and how a piece of it is taken apart for eSpeak. */

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The sentences of `text` by Unicode's rules (UAX #29), trimmed, without empty ones. */
export function splitSentences(text: string): string[] {
  return [...sentences.segment(text)]
    .map(({ segment }) => segment.trim())
    .filter((sentence) => sentence !== '');
}

/** Places to split, from the best to the worst; each matches just where the second part begins. */
const boundaries: readonly RegExp[] = [
  /(?<=[.!?…][”)]?) /gu,
  /(?<=[;:][”)]?) /gu,
  /(?<=[,—][”)]?) | (?=[(“])/gu,
  / /gu,
];

/**
 * `text` in two, near its middle: at the best kind of boundary that leaves at least a quarter on either side, else between
 * two graphemes. Only the space at the boundary is lost. A text of one grapheme stays whole.
 */
export function splitNearMiddle(text: string): string[] {
  const middle = text.length / 2;
  for (const boundary of boundaries) {
    const places = [...text.matchAll(boundary)].map((match) => match.index);
    const nearest = places.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
    if (nearest !== undefined && Math.abs(nearest - middle) <= text.length / 4) {
      return [text.slice(0, nearest), text.slice(nearest + 1)];
    }
  }
  const starts = [...graphemes.segment(text)].map(({ index }) => index).slice(1);
  const place = starts.find((index) => index >= middle) ?? starts.at(-1);
  return place === undefined ? [text] : [text.slice(0, place), text.slice(place)];
}

/** A run of words, apart from the punctuation that Kokoro pronounces and eSpeak would lose. */
export interface Clause {
  readonly kind: 'words' | 'punctuation';
  readonly text: string;
}

/** A mark is punctuation unless it stands within a word or a number: `3.5`, `U.S`, `example.com`. */
const pause = /(?:\s*(?:[;:,!?—…]|\.(?![\p{L}\d])|(?<![\p{L}\d])\.)["“”()]*)+\s*/gu;

/** Quotes and brackets: Kokoro pronounces them, but no pause separates the words at their two sides. */
const enclosing = /\s*[“”()]+\s*/gu;

/** Takes `normalizeText`'s text apart at its pauses; the clauses' texts joined are the text again. */
export function splitClauses(text: string): Clause[] {
  return splitAt(text, pause);
}

/** Takes the words of a clause apart at quotes and brackets. */
export function splitEnclosed(clause: string): Clause[] {
  return splitAt(clause, enclosing);
}

function splitAt(text: string, punctuation: RegExp): Clause[] {
  const clauses: Clause[] = [];
  let end = 0;
  const add = (kind: Clause['kind'], part: string): void => {
    if (part !== '') {
      clauses.push({ kind, text: part });
    }
  };
  for (const match of text.matchAll(punctuation)) {
    add('words', text.slice(end, match.index));
    add('punctuation', match[0]);
    end = match.index + match[0].length;
  }
  add('words', text.slice(end));
  return clauses;
}

/**
 * Two words that eSpeak's English dictionary holds as one entry and says as one word (“for the” becomes fɚðə). Kokoro
 * learned words apart, each with its own vowel, so a no-break space is put between these, which the dictionary's entries
 * do not match. Between all other words the plain space stays: eSpeak looks across it to tell “to live” from “a live one”.
 */
const saidAsOne = new Set(
  [
    'of a|of an|of the|of which|in the|in which|on the|at a|at will|for a|for an|for the|with the|from the|as is|at it|for one',
    'to to|to be|was a|was the|have been|have not|has been|has not|had to|had been|had it|had them|has to|has it|had one',
    'do not|does not|did not|not a|not have|no more|no one|we shall|will to|out of|many of|few more|some one',
    'this one|that a|that the|that it|that one|there are|there was|there were|there be|there is|than a|than an',
    'could have|would have|should have|may have|might have|must have',
  ].flatMap((line) => line.split('|')),
);

/** `words` with a no-break space in every pair that eSpeak would say as one word. */
export function keepWordsApart(words: string): string {
  const parts = words.split(' ');
  return parts
    .map((word, index) => {
      const next = parts[index + 1];
      if (next === undefined) {
        return word;
      }
      return word + (saidAsOne.has(`${word} ${next}`.toLowerCase()) ? '\u00a0' : ' ');
    })
    .join('');
}
