/** Text made ready to be spoken: one notation for punctuation, figures and short forms in words, nothing that has no sound. */

import type { Variety } from '../voices.ts';
import { linkPlace, readWritten } from './written-forms.ts';
import type { SpokenText } from './written-forms.ts';

export { linkPlace } from './written-forms.ts';

/**
 * `text` as Kokoro's pronunciation takes it: words of Latin letters, the vocabulary's punctuation, apostrophes, hyphens and
 * {@link linkPlace}; Unicode's variants of quotes, dashes, ellipses and letters as one of each, and single spaces.
 */
export function normalizeText(text: string, variety: Variety): SpokenText {
  const { text: spoken, dropped } = readWritten(unifyPunctuation(compose(text)), variety);
  return { text: tidySpaces(spoken), dropped };
}

/** What is never seen, or says how its neighbor is drawn (a keycap), is no loss. */
const unseen = /[\p{Default_Ignorable_Code_Point}\u20E3]/gu;

/** Letters and figures in other forms: ligatures, full width, mathematical, subscript, circled, fractions, units as one. */
const compatible =
  /[\uFB00-\uFB06\uFF01-\uFF5E\uFFE0-\uFFE6\u{1D400}-\u{1D7FF}\u2080-\u208E\u2460-\u2473\u24B6-\u24E9\u3300-\u33FF\u2100-\u2115\u2117-\u211D\u2121\u2124-\u2139ªº\u02B0-\u02B8\u02E2\u1D43-\u1D5B\u2070-\u207F]/gu;

/** Composed letters (é as one character), and letters and figures in other forms as plain ones. */
function compose(text: string): string {
  return (
    text
      .toWellFormed()
      .normalize('NFC')
      .replaceAll(unseen, '')
      .replaceAll(
        /(?<=(\d?))([\u00BC-\u00BE\u2150-\u215E\u2189])/gu,
        (_all, digit: string, sign: string) => `${digit && ' '}${sign.normalize('NFKC')}`,
      )
      .replaceAll(/µ/gu, 'μ')
      .replaceAll(compatible, (letter) => (/[⁰⁴-⁹⁻№]/u.test(letter) ? letter : letter.normalize('NFKC')))
      // Spaces that set thousands apart.
      .replaceAll(/(?<=\d)[\u00A0\u2009\u202F](?=\d{3}(?!\d))/gu, ',')
  );
}

function unifyPunctuation(text: string): string {
  return (
    text
      .replaceAll(/[、，]/gu, ', ')
      .replaceAll(/。/gu, '. ')
      .replaceAll(/[‘’ʼ′´]/gu, "'")
      .replaceAll(/[«„‟❝]/gu, '“')
      .replaceAll(/[»❞″]/gu, '”')
      // A straight quote opens at the start, after a space and after an opening mark, and closes elsewhere.
      .replaceAll(/(?<=^|[\s([{“—-])"/gu, '“')
      .replaceAll(/"/gu, '”')
      .replaceAll(/[[{]/gu, '(')
      .replaceAll(/[\]}]/gu, ')')
      .replaceAll(/\.(?:\s?\.){2,}/gu, '…')
      .replaceAll(/[‒–](?!\s?\d)|[―─]|(?<!<)-{2,}(?!>)|(?<=\s)-(?=\s)(?<![\d%°]\s-(?=\s[\d$€£]))/gu, '—')
      .replaceAll(/[‐‑]/gu, '-')
  );
}

function tidySpaces(text: string): string {
  return text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/ (?=[;:,.!?…)”])/gu, '')
    .replaceAll(/(?<=[(“]) /gu, '')
    .trim();
}

/** Whether `text`, as {@link normalizeText} gives it, has anything to say. */
export function hasWords(text: string): boolean {
  return /\p{L}/u.test(text.replaceAll(linkPlace, 'a'));
}
