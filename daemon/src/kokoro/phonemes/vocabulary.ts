/** The symbols that Kokoro-82M was trained on, and the check of phonemes that a user gives directly. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

/** Tokens that fit into the model's context of 512 beside the zero at either end. A phoneme symbol is one token. */
export const maximumPhonemes = 510;

/** Every symbol of the published vocabulary (`vocab` in Kokoro-82M's config.json), in the order of the ids. */
export const kokoroSymbols: ReadonlySet<string> = new Set(
  ';:,.!?—…"()“” \u0303ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔˈˌːʰʲ↓→↗↘ᵻ',
);

/** Characters that look like a symbol of the vocabulary, or mean one in other notations, and that symbol. */
const lookalikes: Readonly<Record<string, string>> = {
  g: 'ɡ',
  "'": 'ˈ',
  '’': 'ˈ',
  ':': 'ː',
  R: 'ɹ',
  ʼ: 'ˈ',
  '–': '—',
  ǝ: 'ə',
  ɝ: 'ɜɹ',
};

/**
 * Phonemes as a user gave them, trimmed, with runs of white space made one space; composed marks are taken apart, since
 * the vocabulary holds the tilde as a symbol of its own.
 *
 * Throws `bad-text` when nothing but punctuation is left, on a symbol that the vocabulary lacks (the network would drop it
 * in silence and say something else) and on more than {@link maximumPhonemes} symbols.
 */
export function checkPhonemes(given: string, symbols: ReadonlySet<string> = kokoroSymbols): string {
  const phonemes = tidy(given);
  if (!hasSound(phonemes)) {
    throw new TidemarkError('bad-text', 'The phonemes contain no sounds.', {
      hint: 'Use Kokoro’s IPA symbols, for example --phonemes "həlˈO."',
    });
  }
  refuseUnknown(phonemes, symbols, 'omit --phonemes to give plain text.');
  const { length } = Array.from(phonemes);
  if (length > maximumPhonemes) {
    throw new TidemarkError(
      'bad-text',
      `There are ${length} phonemes, but the model accepts at most ${maximumPhonemes}.`,
      {
        hint: 'Shorten the phonemes.',
      },
    );
  }
  return phonemes;
}

/** As {@link checkPhonemes}, for the phonemes of a word within a text: it may be silent. Throws `bad-text`. */
export function checkSymbols(given: string): string {
  const phonemes = tidy(given);
  refuseUnknown(phonemes, kokoroSymbols, 'correct what stands between the slashes.');
  return phonemes;
}

function tidy(given: string): string {
  return (
    given
      .replaceAll(/\s+/gu, ' ')
      .trim()
      // ç is a symbol itself; ɑ̃, õ and the like are a letter and the tilde.
      .replaceAll(/[^ç]/gu, (symbol) => symbol.normalize('NFD'))
  );
}

function refuseUnknown(phonemes: string, symbols: ReadonlySet<string>, remedy: string): void {
  const unknown = new Set(Array.from(phonemes).filter((symbol) => !symbols.has(symbol)));
  if (unknown.size > 0) {
    throw new TidemarkError('bad-text', `Kokoro has no phoneme ${[...unknown].map(describe).join(', ')}.`, {
      hint: `Kokoro writes eɪ aɪ aʊ ɔɪ oʊ əʊ as A I W Y O Q, and dʒ tʃ as ʤ ʧ; ${remedy}`,
    });
  }
}

/** Whether anything in `phonemes` is more than punctuation, stress and space. */
export function hasSound(phonemes: string): boolean {
  return /[\p{L}]/u.test(phonemes.replaceAll(/[ˈˌːʰʲ]/gu, ''));
}

function describe(symbol: string): string {
  const code = `U+${(symbol.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const meant = lookalikes[symbol];
  return `“${symbol}” (${code}${meant === undefined ? '' : `; did you mean “${meant}”?`})`;
}
