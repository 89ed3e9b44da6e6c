/** Text that may be shown to anybody: it names no person, no machine, and no place on one. */

/** In the place of what is not shown. */
export const leftOut = '(left out)';

/** What of a text may be shown. */
export type PublicText = (text: string) => string;

/**
 * Text of a document as it may be shown to anybody: of few characters, none of which is part of a path or of Markdown, and
 * without private words; otherwise “(left out)”.
 */
export function publicText(privateWords: readonly string[]): PublicText {
  // A part of a name is one too: what is shown may be a part of what was written.
  const words = privateWords
    .map((word) => word.toLowerCase())
    .flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}]+/u).filter((part) => part.length > 2)])
    .filter((word) => word.length > 1);
  return (text) => {
    const parts = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
    const isPrivate = words.some(
      (word) => parts.includes(word) || (word.length > 3 && text.toLowerCase().includes(word)),
    );
    return /^[\w .,;:()@+=-]{1,120}$/u.test(text) && !isPrivate ? text : leftOut;
  };
}
