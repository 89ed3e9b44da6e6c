/** Text in lines of a given width, and labelled facts beside each other, for terminals of any width. */

import stringWidth from 'string-width';

/**
 * The text's words in lines of `width` columns at most; a longer word has a line of its own, uncut, so that a path can still
 * be copied. Line breaks stay.
 */
export function wrapText(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && stringWidth(line) + 1 + stringWidth(word) > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

export interface Fact {
  readonly label: string;
  /** What is said of it, each on lines of its own. */
  readonly lines: readonly string[];
  /** For colours; it is given one line at a time, and must not change its width. */
  readonly style?: ((line: string) => string) | undefined;
}

export interface FactsOptions {
  /** The terminal's width. Default: lines are not broken. */
  readonly maxWidth?: number | undefined;
}

/** Narrower than this beside their labels, facts go below them. */
const narrowest = 32;

/** A label, and to the right of it what is said; facts without lines are left out. Lines without the line breaks. */
export function formatFacts(
  facts: readonly Fact[],
  { maxWidth = Number.MAX_SAFE_INTEGER }: FactsOptions = {},
): string[] {
  const shown = facts.filter(({ lines }) => lines.length > 0);
  const labelWidth = Math.max(0, ...shown.map(({ label }) => stringWidth(label))) + 2;
  const isBeside = maxWidth - labelWidth >= narrowest;
  const indent = isBeside ? ' '.repeat(labelWidth) : '  ';
  return shown.flatMap(({ label, lines, style = (line: string) => line }) => {
    const wrapped = lines.flatMap((line) => wrapText(line, Math.max(8, maxWidth - indent.length)));
    if (!isBeside) {
      return [label, ...wrapped.map((line) => `${indent}${style(line)}`)];
    }
    return wrapped.map((line, place) => {
      const margin = place === 0 ? `${label}${' '.repeat(labelWidth - stringWidth(label))}` : indent;
      return `${margin}${style(line)}`;
    });
  });
}
