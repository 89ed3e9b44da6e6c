/** Numbers in words, as Americans and Britons say them. */

import * as british from 'n2words/en-GB';
import * as american from 'n2words/en-US';
import type { Variety } from '../voices.ts';

/** The ways to read a run of digits. All of them take figures as they are written: digits, and commas between them. */
export interface NumberWords {
  /** Whether a date of figures begins with the day. */
  readonly dayFirst: boolean;
  /** “one thousand two hundred”; digit by digit where a zero leads or where nobody would count so far. */
  readonly cardinal: (figures: string) => string;
  /** “twenty first”. */
  readonly ordinal: (figures: string) => string;
  /** A number with or without a fraction: “three point one four”. */
  readonly decimal: (figures: string) => string;
  /** “nineteen oh five”, “two thousand five”, “eighteen hundred”. */
  readonly year: (figures: string) => string;
  /** A number within a name, as in “747” or “H100”: in pairs, or digit by digit. */
  readonly name: (figures: string) => string;
  /** “one two three”. */
  readonly digits: (figures: string) => string;
}

/** Beyond a quadrillion a figure without commas is a number of an account or the like. */
const longestUngrouped = 15;
/** The largest word that n2words has is a vigintillion, 10^63. */
const longestGrouped = 63;

function wordsIn({ toCardinal, toOrdinal }: typeof american, dayFirst: boolean): NumberWords {
  const plain = (words: string): string => words.replaceAll('-', ' ');
  const digits = (figures: string): string =>
    Array.from(figures.replaceAll(/\D/gu, ''), (digit) => toCardinal(digit)).join(' ');
  const cardinal = (figures: string): string => {
    const bare = figures.replaceAll(',', '');
    const longest = figures.includes(',') ? longestGrouped : longestUngrouped;
    return (bare.length > 1 && bare.startsWith('0')) || bare.length > longest
      ? digits(bare)
      : plain(toCardinal(bare));
  };
  const year = (figures: string): string => {
    const [century, rest] = [figures.slice(0, -2), figures.slice(-2)];
    if (figures.length !== 4 || /^.00\d/u.test(figures)) {
      return cardinal(figures);
    }
    if (rest === '00') {
      return `${cardinal(century)} hundred`;
    }
    return `${cardinal(century)} ${rest.startsWith('0') ? `oh ${cardinal(rest.slice(1))}` : cardinal(rest)}`;
  };
  return {
    dayFirst,
    cardinal,
    digits,
    year,
    ordinal: (figures) => {
      const bare = figures.replaceAll(',', '').replace(/^0+(?=\d)/u, '');
      // n2words counts from the first, and leaves the British “and” out.
      if (bare === '0' || bare.length > longestGrouped) {
        return bare === '0' ? 'zeroth' : digits(bare);
      }
      const last = plain(toOrdinal(bare)).split(' ').at(-1) ?? '';
      return plain(toCardinal(bare)).replace(/\S+$/u, last);
    },
    decimal: (figures) => {
      const [whole = '', fraction] = figures.split('.');
      return [whole === '' ? '' : cardinal(whole), fraction === undefined ? '' : `point ${digits(fraction)}`]
        .join(' ')
        .trim();
    },
    name: (figures) => {
      if (figures.startsWith('0') || figures.length > 4) {
        return digits(figures);
      }
      if (figures.length === 4) {
        return year(figures);
      }
      const [hundreds = '', tens = '', ones = ''] = figures;
      return figures.length < 3 || figures.endsWith('00')
        ? cardinal(figures)
        : `${cardinal(hundreds)} ${tens === '0' ? `oh ${cardinal(ones)}` : cardinal(tens + ones)}`;
    },
  };
}

export const numberWords: Readonly<Record<Variety, NumberWords>> = {
  american: wordsIn(american, false),
  british: wordsIn(british, true),
};

/** The plural of an English noun or number word: “twenties”, “sixes”, “feet”. */
export function plural(noun: string): string {
  const irregular = unusualPlurals[noun];
  if (irregular !== undefined) {
    return irregular;
  }
  if (/[^aeiou]y$/u.test(noun)) {
    return `${noun.slice(0, -1)}ies`;
  }
  if (/(?:hertz|flops|Celsius|Fahrenheit)$/u.test(noun)) {
    return noun;
  }
  return /(?:s|x|ch)$/u.test(noun) ? `${noun}es` : `${noun}s`;
}

const unusualPlurals: Readonly<Record<string, string>> = { foot: 'feet', half: 'halves' };

/** The number that a Roman numeral in capitals writes, or undefined where the letters are no such numeral. */
export function romanNumber(letters: string): number | undefined {
  const parts = /^(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})$/u.exec(letters)?.slice(1);
  if (letters === '' || parts === undefined) {
    return undefined;
  }
  const values: Readonly<Record<string, number>> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 };
  const each = Array.from(letters, (letter) => values[letter] ?? 0);
  return each.reduce((sum, value, place) => sum + (value < (each[place + 1] ?? 0) ? -value : value), 0);
}
