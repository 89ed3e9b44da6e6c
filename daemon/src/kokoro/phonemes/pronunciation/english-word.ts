/**
 * How one English word is said, by misaki's rules (github.com/hexgrad/misaki, en.py): what its lexicon says, else what it says of
 * the word without -s, -ed or -ing, else letter by letter. What a word is, and what follows it, can change the answer.
 */

import type { Lexicon } from './lexicon.ts';
import { changeStress, primaryStress, secondaryStress } from './stress.ts';
import type { Variety } from '../voices.ts';

/** What a word is: a tag of the Penn Treebank. */
export type Tag = string;

/** Where a word is said the same whatever it is. */
const anyTag = '';

/** What is known of what follows a word. */
export interface Following {
  /** Whether the next sound is a vowel; undefined before a pause, and at the end. */
  readonly vowel: boolean | undefined;
  /** Whether the next word is `to`. */
  readonly to: boolean;
}

/** How a capital changes the stress: `Word`, and `WORD`. */
const stressOfCapitalized = 0.5;
const stressOfCapitals = 2;

/** Signs that are said as a word. */
const signs: Readonly<Record<string, string>> = { '%': 'percent', '&': 'and', '+': 'plus', '@': 'at' };

/** Sounds after which an American t between vowels is a flap. */
const beforeFlap = new Set('AIOWYiuæɑəɛɪɹʊʌ');

export class EnglishWords {
  readonly #lexicon: Lexicon;
  readonly #isBritish: boolean;

  constructor(lexicon: Lexicon, variety: Variety) {
    this.#lexicon = lexicon;
    this.#isBritish = variety === 'british';
  }

  /** The phonemes of a word, or undefined for a word that neither the lexicon nor a rule knows. */
  say(text: string, tag: Tag, following: Following): string | undefined {
    const word = text.replaceAll(/[‘’]/gu, "'").normalize('NFKC');
    const stress = isLower(word) ? undefined : isUpper(word) ? stressOfCapitals : stressOfCapitalized;
    return this.#special(word, tag, stress, following) ?? this.#regular(word, tag, stress, following);
  }

  #special(word: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    const sign = signs[word];
    if (sign !== undefined && Object.hasOwn(signs, word)) {
      return this.#lookUp(sign, anyTag, undefined, following);
    }
    if (isAcronymWithStops(word)) {
      return this.#spell(word);
    }
    switch (word) {
      case 'a':
      case 'A':
        return tag === 'DT' ? 'ɐ' : 'ˈA';
      case 'am':
      case 'Am':
      case 'AM':
        if (isNoun(tag)) {
          return this.#spell(word);
        }
        return following.vowel === undefined || word !== 'am' || (stress ?? 0) > 0 ? this.#plain('am') : 'ɐm';
      case 'an':
      case 'An':
      case 'AN':
        return word === 'AN' && isNoun(tag) ? this.#spell(word) : 'ɐn';
      case 'I':
        return tag === 'PRP' ? 'ˌI' : undefined;
      case 'by':
      case 'By':
      case 'BY':
        return classOf(tag) === 'ADV' ? 'bˈI' : undefined;
      case 'to':
      case 'To':
      case 'TO':
        if (word === 'TO' && tag !== 'TO' && tag !== 'IN') {
          return undefined;
        }
        return following.vowel === undefined ? this.#plain('to') : following.vowel ? 'tʊ' : 'tə';
      case 'in':
      case 'In':
      case 'IN':
        if (word === 'IN' && tag === 'NNP') {
          return undefined;
        }
        return `${following.vowel === undefined || tag !== 'IN' ? primaryStress : ''}ɪn`;
      case 'the':
      case 'The':
      case 'THE':
        if (word === 'THE' && tag !== 'DT') {
          return undefined;
        }
        return following.vowel === true ? 'ði' : 'ðə';
      case 'used':
      case 'Used':
      case 'USED':
        return this.#plain('used', (tag === 'VBD' || tag === 'JJ') && following.to ? 'VBD' : 'DEFAULT');
      default:
        return tag === 'IN' && /^vs\.?$/iu.test(word)
          ? this.#lookUp('versus', anyTag, undefined, following)
          : undefined;
    }
  }

  /** An entry as it stands. */
  #plain(word: string, part = 'DEFAULT'): string | undefined {
    const entry = this.#lexicon.gold(word);
    return typeof entry === 'object' ? (entry[part] ?? undefined) : entry;
  }

  #regular(given: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    const word = this.#isLowerCaseMeant(given, tag, stress, following) ? given.toLowerCase() : given;
    if (this.#isKnown(word)) {
      return this.#lookUp(word, tag, stress, following);
    }
    const owner = [
      [word.endsWith("s'"), `${word.slice(0, -2)}'s`],
      [word.endsWith("'"), word.slice(0, -1)],
    ] as const;
    for (const [fits, stem] of owner) {
      if (fits && this.#isKnown(stem)) {
        return this.#lookUp(stem, tag, stress, following);
      }
    }
    return (
      this.#withS(word, tag, stress, following) ??
      this.#withEd(word, tag, stress, following) ??
      this.#withIng(word, tag, stress ?? 0.5, following)
    );
  }

  /** Whether a word in capitals, or with one, is the common word: a short name is not, since it may be spelled. */
  #isLowerCaseMeant(word: string, tag: Tag, stress: number | undefined, following: Following): boolean {
    if (
      word.length < 2 ||
      !/^\p{L}+$/u.test(word.replaceAll("'", '')) ||
      isLower(word) ||
      (tag === 'NNP' && word.length <= 7) ||
      this.#has(word) ||
      !(isUpper(word) || isLower(word.slice(1)))
    ) {
      return false;
    }
    const lower = word.toLowerCase();
    return (
      this.#has(lower) ||
      [this.#withS, this.#withEd, this.#withIng].some(
        (say) => say.call(this, lower, tag, stress, following) !== undefined,
      )
    );
  }

  #has(word: string): boolean {
    return this.#lexicon.gold(word) !== undefined || this.#lexicon.silver(word) !== undefined;
  }

  #isKnown(word: string): boolean {
    if (this.#has(word) || Object.hasOwn(signs, word)) {
      return true;
    }
    if (!/^[A-Za-z]+$/.test(word)) {
      return false;
    }
    return (
      word.length === 1 ||
      (isUpper(word) && this.#lexicon.gold(word.toLowerCase()) !== undefined) ||
      isUpper(word.slice(1))
    );
  }

  #lookUp(given: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    const isInCapitals = isUpper(given) && this.#lexicon.gold(given) === undefined;
    const word = isInCapitals ? given.toLowerCase() : given;
    const isName = isInCapitals && tag === 'NNP';
    const entry = this.#lexicon.gold(word) ?? (isName ? undefined : this.#lexicon.silver(word));
    const phonemes = typeof entry === 'object' ? choose(entry, tag, following) : (entry ?? null);
    if (phonemes === null || (isName && !phonemes.includes(primaryStress))) {
      const spelled = this.#spell(word);
      if (spelled !== undefined || phonemes === null) {
        return spelled;
      }
    }
    return changeStress(phonemes, stress);
  }

  /** Letter by letter, the stress on the last. */
  #spell(word: string): string | undefined {
    let letters = '';
    for (const letter of word.match(/\p{L}/gu) ?? []) {
      const entry = this.#lexicon.gold(letter.toUpperCase());
      if (typeof entry !== 'string') {
        return undefined;
      }
      letters += entry;
    }
    const even = changeStress(letters, 0);
    const last = even.lastIndexOf(secondaryStress);
    return last === -1 ? even : even.slice(0, last) + primaryStress + even.slice(last + 1);
  }

  /** -s: plural, third person, and owner (en.wiktionary.org/wiki/-s). */
  #withS(word: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    if (word.length < 3 || !word.endsWith('s')) {
      return undefined;
    }
    const isLong = word.length > 4;
    const stem = this.#firstKnown([
      [!word.endsWith('ss'), word.slice(0, -1)],
      [word.endsWith("'s") || (isLong && word.endsWith('es') && !word.endsWith('ies')), word.slice(0, -2)],
      [isLong && word.endsWith('ies'), `${word.slice(0, -3)}y`],
    ]);
    const said = stem === undefined ? undefined : this.#lookUp(stem, tag, stress, following);
    if (said === undefined || said === '') {
      return undefined;
    }
    if (/[ptkfθ]$/u.test(said)) {
      return `${said}s`;
    }
    return /[szʃʒʧʤ]$/u.test(said) ? `${said}${this.#isBritish ? 'ɪ' : 'ᵻ'}z` : `${said}z`;
  }

  /** -ed (en.wiktionary.org/wiki/-ed). */
  #withEd(word: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    if (word.length < 4 || !word.endsWith('d')) {
      return undefined;
    }
    const stem = this.#firstKnown([
      [!word.endsWith('dd'), word.slice(0, -1)],
      [word.length > 4 && word.endsWith('ed') && !word.endsWith('eed'), word.slice(0, -2)],
    ]);
    const said = stem === undefined ? undefined : this.#lookUp(stem, tag, stress, following);
    if (said === undefined || said === '') {
      return undefined;
    }
    if (/[pkfθʃsʧ]$/u.test(said)) {
      return `${said}t`;
    }
    if (said.endsWith('d')) {
      return `${said}${this.#isBritish ? 'ɪ' : 'ᵻ'}d`;
    }
    if (!said.endsWith('t')) {
      return `${said}d`;
    }
    if (this.#isBritish || said.length < 2) {
      return `${said}ɪd`;
    }
    return beforeFlap.has(said.at(-2) ?? '') ? `${said.slice(0, -1)}ɾᵻd` : `${said}ᵻd`;
  }

  /** -ing (en.wiktionary.org/wiki/-ing). */
  #withIng(word: string, tag: Tag, stress: number | undefined, following: Following): string | undefined {
    if (word.length < 5 || !word.endsWith('ing')) {
      return undefined;
    }
    const isLong = word.length > 5;
    const stem = this.#firstKnown([
      [isLong, word.slice(0, -3)],
      [true, `${word.slice(0, -3)}e`],
      [isLong && /(?:([bcdgklmnprstvxz])\1ing|cking)$/u.test(word), word.slice(0, -4)],
    ]);
    const said = stem === undefined ? undefined : this.#lookUp(stem, tag, stress, following);
    if (said === undefined || said === '' || (this.#isBritish && /[əː]$/u.test(said))) {
      return undefined;
    }
    return !this.#isBritish && said.endsWith('t') && beforeFlap.has(said.at(-2) ?? '')
      ? `${said.slice(0, -1)}ɾɪŋ`
      : `${said}ɪŋ`;
  }

  #firstKnown(stems: readonly (readonly [fits: boolean, stem: string])[]): string | undefined {
    return stems.find(([fits, stem]) => fits && this.#isKnown(stem))?.[1];
  }
}

/** The entry's phonemes for a part of speech, for its class, or else the usual ones; `None` is for words before a pause. */
function choose(
  entry: Readonly<Record<string, string | null>>,
  tag: Tag,
  following: Following,
): string | null {
  const parts =
    following.vowel === undefined && Object.hasOwn(entry, 'None') ? ['None'] : [tag, classOf(tag), 'DEFAULT'];
  const part = parts.find((name) => Object.hasOwn(entry, name));
  return entry[part ?? 'DEFAULT'] ?? null;
}

/** The class that an entry names where it does not name the tag. */
function classOf(tag: Tag): string {
  const classes = { VB: 'VERB', NN: 'NOUN', RB: 'ADV', JJ: 'ADJ' };
  return Object.entries(classes).find(([start]) => tag.startsWith(start))?.[1] ?? tag;
}

const isNoun = (tag: Tag): boolean => tag.startsWith('NN');

/** `U.S.A`, `Ph.D`: stops between parts of one or two letters. */
function isAcronymWithStops(word: string): boolean {
  return (
    word.replaceAll(/^\.+|\.+$/gu, '').includes('.') &&
    /^\p{L}+$/u.test(word.replaceAll('.', '')) &&
    word.split('.').every((part) => part.length < 3)
  );
}

const isLower = (word: string): boolean => word === word.toLowerCase();
const isUpper = (word: string): boolean => word === word.toUpperCase();
