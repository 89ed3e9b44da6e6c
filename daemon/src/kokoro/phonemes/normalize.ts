/** Text made ready to be spoken: one notation for punctuation, abbreviations in full, nothing that has no sound. */

import { readNumerals } from './numerals.ts';

interface NormalizedText {
  readonly text: string;
  /** Characters left out because English has no sound for them: emoji, other scripts, markup. */
  readonly dropped: number;
}

const abbreviations: readonly (readonly [pattern: RegExp, full: string])[] = [
  [/\bDr\.(?=\s+\p{Lu})/gu, 'Doctor'],
  [/\bMr\./gu, 'Mister'],
  [/\bMrs\./gu, 'Missus'],
  [/\bMs\.?(?=\s+\p{Lu})/gu, 'Miz'],
  [/\bProf\./gu, 'Professor'],
  [/\bJr\./gu, 'Junior'],
  [/\bSr\./gu, 'Senior'],
  [/\bSt\.(?=\s+\p{Lu})/gu, 'Saint'],
  [/(?<=\p{L}\s)St\./gu, 'Street'],
  [/\bAve\./gu, 'Avenue'],
  [/\bMt\.(?=\s+\p{Lu})/gu, 'Mount'],
  [/\bNo\.(?=\s*\d)/gu, 'Number'],
  [/\bvs\b\.?/gu, 'versus'],
  [/\be\.\s?g\.,?/giu, 'for example,'],
  [/\bi\.\s?e\.,?/giu, 'that is,'],
  [/\betc\.(?!\s*(?:$|\p{Lu}))/gu, 'etc'],
  [/\bapprox\./gu, 'approximately'],
];

/** Words that open a sentence far more often than they follow an acronym. */
const openers =
  'The|This|That|There|It|He|She|We|They|You|I|A|An|And|But|In|On|At|So|If|When|What|Who|Why|How|No|Yes';

/** The stops within an acronym tell eSpeak to spell it; the last one stays only where a sentence ends. */
const lastStopOfAcronym = new RegExp(
  String.raw`\b((?:\p{L}\.)+\p{L})\.(?=\s+(?!(?:${openers})\b)|[,;:!?)”])`,
  'gu',
);

/**
 * `text` as eSpeak and Kokoro take it: Unicode's variants of quotes, dashes, ellipses and full-width forms as the
 * vocabulary's symbols, white space as single spaces (an empty line ends a sentence), numbers and abbreviations in full.
 */
export function normalizeText(text: string): NormalizedText {
  const punctuated = unifyPunctuation(compose(text));
  const { text: kept, dropped } = dropUnspeakable(punctuated);
  let spoken = kept;
  for (const [pattern, full] of abbreviations) {
    spoken = spoken.replaceAll(pattern, full);
  }
  spoken = readNumerals(spoken)
    .replaceAll(lastStopOfAcronym, '$1')
    // An initial is no end of a sentence: “J. Smith”.
    .replaceAll(/(?<=(?:^|\s)\p{Lu})\.(?=\s\p{Lu}\p{Ll})/gu, '');
  return { text: tidySpaces(spoken), dropped };
}

/** Composed letters (é as one character), and ligatures, full-width and mathematical letters as plain ones. */
function compose(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\uFB00-\uFB06\uFF01-\uFF5E\u{1D400}-\u{1D7FF}]/gu, (letter) => letter.normalize('NFKC'));
}

function unifyPunctuation(text: string): string {
  return (
    text
      .replaceAll(/[、，]/gu, ', ')
      .replaceAll(/。/gu, '. ')
      .replaceAll(/[‘’ʼ′`´]/gu, "'")
      .replaceAll(/[«„‟❝]/gu, '“')
      .replaceAll(/[»❞]/gu, '”')
      // A straight quote opens at the start, after a space and after an opening mark, and closes elsewhere.
      .replaceAll(/(?<=^|[\s([{“—-])"/gu, '“')
      .replaceAll(/"/gu, '”')
      .replaceAll(/[[{]/gu, '(')
      .replaceAll(/[\]}]/gu, ')')
      .replaceAll(/\.(?:\s?\.){2,}/gu, '…')
      .replaceAll(/[‒–](?!\s?\d)|[―─]|-{2,}|(?<=\s)-(?=\s)/gu, '—')
      .replaceAll(/[‐‑]/gu, '-')
      .replaceAll(/([^\s.!?…:;,—])[^\S\n]*\n\s*\n/gu, '$1.\n')
  );
}

/** What may be spoken: the letters of Latin alphabets (phonetic ones aside), digits, the vocabulary's punctuation, and the signs that eSpeak has words for. */
const speakable =
  /[A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u1E00-\u1EFF\d\s'’;:,.!?—…“”()–−\-&%+=@#$€£¥/°²³½¼¾×÷]/u;

function dropUnspeakable(text: string): NormalizedText {
  let kept = '';
  let dropped = 0;
  for (const character of text.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')) {
    if (speakable.test(character)) {
      kept += character;
    } else {
      dropped += 1;
      // A stray combining mark must not break the word that it stands in.
      if (!/\p{M}/u.test(character)) {
        kept += ' ';
      }
    }
  }
  return { text: kept, dropped };
}

function tidySpaces(text: string): string {
  return text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/ (?=[;:,.!?…)”])/gu, '')
    .replaceAll(/(?<=[(“]) /gu, '')
    .trim();
}

/** Whether `text` has anything to say: a letter, a digit or a sign that is read as a word. */
export function hasWords(text: string): boolean {
  return /[\p{L}\d&%+=@#$€£¥°²³½¼¾×÷]/u.test(text);
}
