/** Plain-text tables for terminals, aligned by the columns that characters fill and not by their number. */

import stringWidth from 'string-width';

export interface TableColumn {
  readonly header: string;
  /** Numbers with one number of digits line up to the right. Default: `left`. */
  readonly align?: 'left' | 'right';
}

/** A column of figures, which align at their end. */
export const figures = (header: string): TableColumn => ({ header, align: 'right' });

export interface TableOptions {
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
    columns.map((_, index) => (row[index] ?? '').replaceAll(/\s*[\r\n]+\s*/g, ' ')),
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
  const shown = stringWidth(text) > width ? cutText(text, width) : text;
  const padding = ' '.repeat(Math.max(0, width - stringWidth(shown)));
  return align === 'left' ? shown + padding : padding + shown;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As much of `text` as fits into `width` columns with an ellipsis, cut between graphemes. */
export function cutText(text: string, width: number): string {
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (stringWidth(kept + segment) > width - 1) {
      break;
    }
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
