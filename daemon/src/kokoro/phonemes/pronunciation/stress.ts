/** Stress marks in phonemes: taken away, added, raised and lowered, as misaki does it (github.com/hexgrad/misaki, en.py). */

export const primaryStress = 'ˈ';
export const secondaryStress = 'ˌ';

/** misaki's vowels; a diphthong is one symbol. */
export const vowels = new Set('AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ');

/** Symbols that last as long as two. */
const long = new Set('AIOQWYʤʧ');

/**
 * `phonemes` with their stress changed by `change`, misaki's scale: -2 takes all marks away; -1 lowers them by a step; 0 and
 * -0.5 lower them if one is primary; 0, 0.5 and 1 give unstressed phonemes a secondary mark; 1 and 2 raise a secondary mark if
 * none is primary; 2 gives unstressed phonemes a primary one. Undefined changes nothing.
 */
export function changeStress(phonemes: string, change: number | undefined): string {
  if (change === undefined) {
    return phonemes;
  }
  const hasPrimary = phonemes.includes(primaryStress);
  const hasSecondary = phonemes.includes(secondaryStress);
  if (change < -1) {
    return phonemes.replaceAll(/[ˈˌ]/gu, '');
  }
  if (change === -1 || ((change === 0 || change === -0.5) && hasPrimary)) {
    return phonemes.replaceAll(secondaryStress, '').replaceAll(primaryStress, secondaryStress);
  }
  if (!hasPrimary && !hasSecondary) {
    if (change === 0 || change === 0.5 || change === 1) {
      return markFirstVowel(phonemes, secondaryStress);
    }
    return change > 1 ? markFirstVowel(phonemes, primaryStress) : phonemes;
  }
  return change >= 1 && !hasPrimary ? phonemes.replaceAll(secondaryStress, primaryStress) : phonemes;
}

/** The mark stands before the vowel, not before the syllable; without a vowel there is nothing to stress. */
function markFirstVowel(phonemes: string, mark: string): string {
  const symbols = Array.from(phonemes);
  const vowel = symbols.findIndex((symbol) => vowels.has(symbol));
  return vowel === -1 ? phonemes : symbols.toSpliced(vowel, 0, mark).join('');
}

/** How long phonemes are, diphthongs and affricates counted twice. */
export function weightOf(phonemes: string): number {
  return Array.from(phonemes).reduce((sum, symbol) => sum + (long.has(symbol) ? 2 : 1), 0);
}
