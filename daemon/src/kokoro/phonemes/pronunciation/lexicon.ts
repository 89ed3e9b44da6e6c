/** The pronunciations of English words that Kokoro was trained on: misaki's lexicon, which set-up leaves in build/lexicon. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { buildFolder, setupHint } from '../../../paths.ts';
import type { Variety } from '../voices.ts';

/** Phonemes; or phonemes by part of speech, always with `DEFAULT`, where null stands for a word that is spelled. */
export type Entry = string | Readonly<Record<string, string | null>>;

interface Line {
  readonly rank: 'gold' | 'silver';
  readonly entry: Entry;
}

const newline = 0x0a;
const tab = 0x09;

/**
 * One kind of English. The file of some 6 MB holds a line a word, sorted by bytes (scripts/setup/steps/lexicon.js); a word is
 * found by bisection, which takes microseconds, where parsing the whole takes 0.15 s and 50 MB.
 */
export class Lexicon {
  readonly #lines: Buffer;

  constructor(lines: Buffer) {
    this.#lines = lines;
  }

  /** An entry that people have checked. A word that starts a sentence has that of the word in lower case, and the reverse. */
  gold(word: string): Entry | undefined {
    return this.#find(word, 'gold');
  }

  /** An entry that nobody has checked. */
  silver(word: string): Entry | undefined {
    return this.#find(word, 'silver');
  }

  #find(word: string, rank: Line['rank']): Entry | undefined {
    return this.#exact(word, rank) ?? this.#exact(otherCase(word), rank);
  }

  #exact(word: string, rank: Line['rank']): Entry | undefined {
    const line = word === '' ? undefined : this.#lineOf(word);
    return line?.rank === rank ? line.entry : undefined;
  }

  #lineOf(word: string): Line | undefined {
    const sought = Buffer.from(`${word}\t`);
    let [low, high] = [0, this.#lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = middle === 0 ? 0 : this.#lines.lastIndexOf(newline, middle - 1) + 1;
      const end = this.#lines.indexOf(newline, middle);
      const found = this.#lines.subarray(start, this.#lines.indexOf(tab, start) + 1);
      const order = Buffer.compare(sought, found);
      if (order === 0) {
        const [rank, said = ''] = this.#lines.toString('utf8', start + found.length, end).split('\t');
        return { rank: rank === 'gold' ? 'gold' : 'silver', entry: parse(said) };
      }
      if (order < 0) {
        high = start;
      } else {
        low = end + 1;
      }
    }
    return undefined;
  }
}

/** `Word` for `word` and the reverse; empty for letters alone and for all other words. */
function otherCase(word: string): string {
  const lower = word.toLowerCase();
  const capitalized = lower.slice(0, 1).toUpperCase() + lower.slice(1);
  if (word.length < 2 || lower === capitalized) {
    return '';
  }
  if (word === lower) {
    return capitalized;
  }
  return word === capitalized ? lower : '';
}

function parse(said: string): Entry {
  if (!said.includes('=')) {
    return said;
  }
  return Object.fromEntries(
    said.split(' ').map((part) => {
      const [name = '', phonemes = ''] = part.split('=');
      return [name, phonemes === '' ? null : phonemes];
    }),
  );
}

const loaded = new Map<Variety, Lexicon>();

/** Reads the file at the first use. Throws `bad-text` where set-up has not left it. */
export function lexiconOf(variety: Variety): Lexicon {
  let lexicon = loaded.get(variety);
  if (lexicon === undefined) {
    lexicon = read(variety);
    loaded.set(variety, lexicon);
  }
  return lexicon;
}

function read(variety: Variety): Lexicon {
  const path = join(buildFolder, 'lexicon', `${variety}.tsv`);
  try {
    return new Lexicon(readFileSync(path));
  } catch (cause) {
    throw new TidemarkError('bad-text', `The English pronunciations (${path}) cannot be read.`, {
      hint: `${setupHint} Phonemes that are given with --phonemes do not need them.`,
      cause,
    });
  }
}
