/** How a rule reads what is written: a pattern at a place of the text, and the words for what it matched. */

import type { NumberWords } from './numerals.ts';
import { addressSigns } from './short-forms.ts';

export interface Rule {
  /** Sticky: it matches where a token begins. */
  readonly pattern: RegExp;
  /** The words, from the pattern's groups; a group that took no part is ''. Undefined: the rule does not apply after all. */
  readonly read: (say: NumberWords, ...groups: string[]) => string | undefined;
}

export const rule = (source: string, read: Rule['read']): Rule => ({
  pattern: new RegExp(source, 'yu'),
  read,
});

/** Before and after a word or a number. */
export const begin = String.raw`(?<![\p{L}\p{N}])`;
export const end = String.raw`(?![\p{L}\p{N}])`;

/** Matches one of `words`, the longest first. */
export const either = (words: Iterable<string>): string =>
  Array.from(words)
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join('|');

/** An address or a path: letters as they are, figures, and every sign by its name. */
export const address = (say: NumberWords, written: string): string =>
  (written.match(/\p{L}+|\d+|./gu) ?? [])
    .map((part) => (/^\d/u.test(part) ? say.name(part) : (addressSigns.get(part) ?? part)))
    .join(' ');
