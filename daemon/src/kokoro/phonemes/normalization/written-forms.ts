/**
 * What is written in figures, signs and short forms, in words. A text is read once from left to right: at each token the rules
 * are asked in order, and what one has read is not read again, so no word is lost and none is said twice.
 */

import { currencyName } from './measures.ts';
import { numberWords, romanNumber } from './numerals.ts';
import type { NumberWords } from './numerals.ts';
import type { Variety } from '../voices.ts';
import { address, begin, either, end, rule } from './rules.ts';
import type { Rule } from './rules.ts';
import * as short from './short-forms.ts';
import { numberRules } from './written-numbers.ts';

/** A stop that ends the sentence as well stays. */
const ending = String.raw`(?:(\.)(?=[”)']*\s*$|[”)']*\s+\p{Lu})|\.)`;
const inAddress = String.raw`[^\s“”()<>]{0,2000}[^\s“”()<>.,;:!?…']`;
const topLevels = 'com|org|net|io|dev|edu|gov|info|ai|app|co|uk|de|fr|eu|us|ca|au|jp|tv';

const addresses: readonly Rule[] = [
  String.raw`(?:https?|ftp|file|ssh|git|wss?):\/\/${inAddress}|www\.${inAddress}`,
  String.raw`[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}`,
  String.raw`${begin}(?:[A-Za-z\d-]{1,63}\.){1,8}(?:${topLevels})\b(?!\.\p{L})(?:\/(?:${inAddress})?)?`,
  String.raw`(?<=^|[\s(“'=:])(?:~|\.{1,2})?\/(?=[\w.-]{0,100}\p{L})[\w.@+-]{1,100}(?:\/[\w.@+-]{1,100}){0,50}\/?(?<!\.)`,
  String.raw`${begin}[A-Za-z]:\\${inAddress}`,
  String.raw`${begin}(?:[\w.-]{1,100}\/){1,50}[\w-]{1,100}\.[a-z]\w{0,5}\b`,
  String.raw`(?<![\p{L}\p{N}.])[A-Za-z_][\w-]{1,64}(?:\.[a-z][a-z\d]{1,5}){1,5}(?![\w.]{0,9}\p{L})`,
].map((source) => rule(`(${source})`, (say, written) => address(say, written)));

/** Words that open a sentence far more often than they follow an acronym. */
const openers =
  'The|This|That|There|It|He|She|We|They|You|I|A|An|And|But|In|On|At|So|If|When|What|Who|Why|How|No|Yes';

const shortForms: readonly Rule[] = [
  rule(`${begin}(${either(short.phrases.keys())})(?!\\p{L}),?`, (_say, phrase) => short.phrases.get(phrase)),
  rule(
    String.raw`${begin}(${either(short.counters.keys())})\.\s?(?=[\d#IVX])`,
    (_say, counter) => `${short.counters.get(counter) ?? ''} `,
  ),
  rule(String.raw`${begin}(${either(short.titles.keys())})\.(?=\s+\p{Lu})`, (_say, title) =>
    short.titles.get(title),
  ),
  rule(String.raw`${begin}(Mrs?|Ms|Dr)(?:\.|(?=\s+\p{Lu}\p{Ll}))`, (_say, title) => short.titles.get(title)),
  rule(
    `${begin}(${either(short.suffixes.keys())})${ending}`,
    (_say, suffix, stop) => `${short.suffixes.get(suffix) ?? ''}${stop}`,
  ),
  // The stops within an acronym tell that it is spelled; the last one stays only where a sentence ends.
  rule(
    String.raw`${begin}((?:(?:Ph|Sc|\p{L})\.\s?(?=(?:Sc|\p{L})(?:\.|${end}))){1,9}(?:Sc|\p{L}))${end}(?:\.(?=\s+(?!(?:${openers})\b)|[,;:!?)”'-]))?`,
    (_say, acronym) => {
      const letters = Array.from(acronym.replaceAll(/[.\s]/gu, '')).join('.');
      return /Ph|Sc/u.test(acronym) ? letters.toUpperCase() : letters;
    },
  ),
  // An initial is no end of a sentence: “J. Smith”.
  rule(String.raw`(?<=(?:^|\s))(\p{Lu})\.(?=\s\p{Lu}\p{Ll})`, (_say, initial) => initial),
];

const ordinalOf = (say: NumberWords, roman: string): string => say.ordinal(String(romanNumber(roman) ?? 0));

const romanNumerals: readonly Rule[] = [
  rule(
    String.raw`${begin}WW(I{1,3})${end}`,
    (say, roman) => `World War ${say.cardinal(String(roman.length))}`,
  ),
  rule(String.raw`${begin}([IVX]{1,6})(?:st|nd|rd|th)?(?=\s+[Cc]entur)`, (say, roman) =>
    romanNumber(roman) === undefined ? undefined : ordinalOf(say, roman),
  ),
  rule(
    String.raw`(?<=${begin}(?!(?:An?|The|My|Your|Her|His|Its|Our|No|On|In|By|With|This|That)\s)(\p{Lu}\p{L}{0,30})\s)([IVXLC]{1,9})${end}`,
    (say, before, roman) => {
      const value = romanNumber(roman);
      if (value === undefined) {
        return undefined;
      }
      if (short.counted.test(before)) {
        return say.cardinal(String(value));
      }
      if (short.reigning.test(before) && roman !== 'I' && /^[IVX]+$/u.test(roman)) {
        return `the ${say.ordinal(String(value))}`;
      }
      return /^[IVX]{2,}$/u.test(roman) ? say.cardinal(String(value)) : undefined;
    },
  ),
  // “Elizabeth I” as a name; “Elizabeth I know” is none.
  rule(
    String.raw`(?<=${begin}(\p{Lu}\p{L}{0,30})\s)I(?=\s(?:of|was|and|ruled|reigned|died)\b|[,.;:!?)']|$)`,
    (say, before) => (short.reigning.test(before) ? `the ${say.ordinal('1')}` : undefined),
  ),
  // Alone, but for those that are more often an abbreviation.
  rule(String.raw`${begin}(?!IV|VI|XI|XX|XXX)([IVX]{2,6})${end}`, (say, roman) => {
    const value = romanNumber(roman);
    return value === undefined ? undefined : say.cardinal(String(value));
  }),
];

const signs: readonly Rule[] = [
  rule('@(?=\\w)', () => 'at'),
  rule(String.raw`[#№]\s?(?=\d)`, () => 'number'),
  rule(String.raw`(?<=${begin}[A-G])#${end}`, () => 'sharp'),
  rule(String.raw`#(?=\p{L})`, () => 'hashtag'),
  rule(`(${either(short.signPairs.keys())})`, (_say, pair) => short.signPairs.get(pair)),
  // A slash between words, a hyphen beside a figure, and a comma in a list of figures are heard as the words' being apart.
  rule(String.raw`(?<=[\p{L}\p{N})”'.])(?:\/| \/ )(?=[\p{L}\p{N}(“'])`, () => ' '),
  rule(String.raw`(?<=\p{L})-(?=\d)|(?<=\d\p{L}{0,2})-(?=\p{L})`, () => ' '),
  rule(String.raw`(?<=\d),(?=\d)`, () => ', '),
  // A sentence's stop without its space.
  rule(String.raw`(?<=\p{Ll}{2})\.(?=\p{Lu}\p{Ll})`, () => '. '),
  rule(String.raw`(?<!\p{L})([\u0370-\u03FF])${end}`, (_say, letter) => short.greekLetters.get(letter)),
  // Letters before a figure are a formula or the name of a model.
  rule(String.raw`${begin}(\p{Lu}{2,3})(?=\d)`, (_say, letters) => Array.from(letters).join(' ')),
  rule(String.raw`(?<=\d)(\p{Ll})${end}`, (_say, letter) => letter.toUpperCase()),
  rule(`([/${[...short.signs.keys()].join('')}]|\\p{Sc})`, (_say, sign) =>
    sign === '/' ? 'slash' : (short.signs.get(sign) ?? currencyName(sign)),
  ),
];

const rules: readonly Rule[] = [...addresses, ...shortForms, ...romanNumerals, ...numberRules, ...signs];

/** Stands for a word whose pronunciation is given apart from the text; it is kept as it is. */
export const linkPlace = '\uE000';

/** The letters of Latin alphabets (phonetic ones aside) and the vocabulary's punctuation. */
const speakable = String.raw`A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u1E00-\u1EFF`;
const token = new RegExp(String.raw`[${speakable}]+|[\s';:,.!?—…“”()–${linkPlace}-]`, 'yu');

export interface SpokenText {
  readonly text: string;
  /** Characters that English has no sound for, and how often each was left out: emoji, other scripts, markup. */
  readonly dropped: ReadonlyMap<string, number>;
}

/** `text`, with one notation for its punctuation, as words. */
export function readWritten(text: string, variety: Variety): SpokenText {
  const say = numberWords[variety];
  const dropped = new Map<string, number>();
  // Pieces, and the last of them at hand: a string that grows would be copied to look at its end.
  const spoken: string[] = [];
  let last = '';
  let wasRead = false;
  for (let at = 0; at < text.length;) {
    const { words, length, isRead } = readToken(text, at, say);
    // Words that took the place of figures are apart from the letters beside them.
    if ((isRead || wasRead) && /\p{L}$/u.test(last) && /^\p{L}/u.test(words)) {
      spoken.push(' ');
    }
    last = words;
    if (!isRead && words === '') {
      const character = text.slice(at, at + length);
      dropped.set(character, (dropped.get(character) ?? 0) + 1);
      // A stray combining mark must not break the word that it stands in.
      last = /\p{M}/u.test(character) ? '' : ' ';
    }
    spoken.push(last);
    wasRead = isRead;
    at += length;
  }
  return { text: spoken.join(''), dropped };
}

function readToken(
  text: string,
  at: number,
  say: NumberWords,
): { words: string; length: number; isRead: boolean } {
  for (const { pattern, read } of rules) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const words =
      match === null
        ? undefined
        : read(say, ...match.slice(1).map((group: string | undefined) => group ?? ''));
    if (match !== null && words !== undefined && match[0] !== '') {
      return { words, length: match[0].length, isRead: true };
    }
  }
  token.lastIndex = at;
  const plain = token.exec(text)?.[0];
  const length = plain?.length ?? String.fromCodePoint(text.codePointAt(at) ?? 0).length;
  return { words: plain ?? '', length, isRead: false };
}
