/** A text as eSpeak gets it: runs of words, apart from the punctuation that Kokoro pronounces and eSpeak would lose. */

export interface Clause {
  readonly kind: 'words' | 'punctuation';
  readonly text: string;
}

/** A mark is punctuation unless it stands within a word or a number: `3.5`, `U.S`, `example.com`. */
const pause = /(?:\s*(?:[;:,!?—…]|\.(?![\p{L}\d])|(?<![\p{L}\d])\.)["“”()]*)+\s*/gu;

/** Quotes and brackets: Kokoro pronounces them, but no pause parts the words at their two sides. */
const enclosing = /\s*[“”()]+\s*/gu;

/** Takes `normaliseText`'s text apart at its pauses; the clauses' texts joined are the text again. */
export function splitClauses(text: string): Clause[] {
  return split(text, pause);
}

/** Takes the words of a clause apart at quotes and brackets. */
export function splitEnclosed(clause: string): Clause[] {
  return split(clause, enclosing);
}

function split(text: string, punctuation: RegExp): Clause[] {
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
 * learnt words apart, each with its own vowel, so a no-break space is put between these, which the dictionary's entries
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
