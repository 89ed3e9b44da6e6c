/** Text for terminals, by the columns that characters fill and not by their number: tables, and labeled facts in wrapped lines. */

import stringWidth from 'string-width';
import { cutGraphemes, printable, printableLines } from '../printable.ts';

export interface TableColumn {
  readonly header: string;
  /** Numbers with one number of digits line up to the right. Default: `left`. */
  readonly align?: 'left' | 'right';
}

/** A column of figures, which align at their end. */
export const figures = (header: string): TableColumn => ({ header, align: 'right' });

interface TableOptions {
  /** The terminal's width: the widest left-aligned column gives way, its cells cut with an ellipsis. */
  readonly maxWidth?: number;
  /** Spaces between two columns. Default: two. */
  readonly gap?: number;
}

/**
 * The table as lines joined by newlines: the headers, a rule, the rows. No trailing spaces and no final newline. A cell
 * that a row lacks is empty; line breaks in a cell become spaces.
 */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const { gap = 2 } = options;
  const header = columns.map((column) => column.header);
  const cells = [header, ...rows].map((row) =>
    columns.map((_, index) => printable((row[index] ?? '').replaceAll(/\s*[\r\n]+\s*/g, ' '), widestCell)),
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ''))));
  shrink(widths, columns, options.maxWidth, gap);
  const separator = ' '.repeat(gap);
  const lines = cells.map((row) =>
    columns
      .map((column, index) => fit(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join(separator)
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join(separator);
  return [lines[0] ?? '', rule, ...lines.slice(1)].join('\n');
}

/** A path is not cut where there is room. */
const widestCell = 1000;

/** The narrowest that a column is cut to: one character and the ellipsis say nothing. */
const narrowest = 8;

function shrink(
  widths: number[],
  columns: readonly TableColumn[],
  maxWidth: number | undefined,
  gap: number,
): void {
  if (maxWidth === undefined) {
    return;
  }
  let excess = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - maxWidth;
  while (excess > 0) {
    const left = [...columns.keys()].filter((index) => (columns[index]?.align ?? 'left') === 'left');
    const widest = left.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    const width = widest === undefined ? 0 : (widths[widest] ?? 0);
    // Figures are never cut: a table that still does not fit wraps, which loses nothing.
    if (widest === undefined || width <= narrowest) {
      return;
    }
    widths[widest] = width - 1;
    excess -= 1;
  }
}

function fit(text: string, width: number, align: 'left' | 'right'): string {
  const shown = cutText(text, width);
  const padding = ' '.repeat(Math.max(0, width - stringWidth(shown)));
  return align === 'left' ? shown + padding : padding + shown;
}

/** `text`, or as much of it as fits into `width` columns with an ellipsis, cut between graphemes. */
export const cutText = (text: string, width: number): string => cutGraphemes(text, width, stringWidth);

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

interface FactsOptions {
  /** The terminal's width. Default: lines are not broken. */
  readonly maxWidth?: number | undefined;
}

/** Narrower than this beside their labels, facts go below them. */
const narrowestFacts = 32;

/** A label, and to the right of it what is said; facts without lines are left out. Lines without the line breaks. */
export function formatFacts(
  facts: readonly Fact[],
  { maxWidth = Number.MAX_SAFE_INTEGER }: FactsOptions = {},
): string[] {
  const shown = facts.filter(({ lines }) => lines.length > 0);
  const labelWidth = Math.max(0, ...shown.map(({ label }) => stringWidth(label))) + 2;
  const isBeside = maxWidth - labelWidth >= narrowestFacts;
  const indent = isBeside ? ' '.repeat(labelWidth) : '  ';
  return shown.flatMap(({ label, lines, style = (line: string) => line }) => {
    const wrapped = lines.flatMap((line) =>
      wrapText(printableLines(line), Math.max(8, maxWidth - indent.length)),
    );
    if (!isBeside) {
      return [label, ...wrapped.map((line) => `${indent}${style(line)}`)];
    }
    return wrapped.map((line, place) => {
      const margin = place === 0 ? `${label}${' '.repeat(labelWidth - stringWidth(label))}` : indent;
      return `${margin}${style(line)}`;
    });
  });
}
