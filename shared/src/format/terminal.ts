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
  /**
   * The terminal's width: the widest left-aligned column gives way, its cells cut with an ellipsis; where that is not enough, the
   * table goes on below, after its first column again.
   */
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
  return groupsOf(widths, columns, options.maxWidth, gap)
    .map((group) => linesOf(cells, columns, group, gap).join('\n'))
    .join('\n\n');
}

/** Some of the columns, by their places, with how wide each is shown. */
type Group = ReadonlyMap<number, number>;

/**
 * All columns in one group where they fit, the widest texts cut. Else as many as fit side by side, and the others below them, each
 * time after the first column, which says what a row is about: figures are never cut.
 */
function groupsOf(
  widths: readonly number[],
  columns: readonly TableColumn[],
  maxWidth: number | undefined,
  gap: number,
): readonly Group[] {
  const whole = new Map(widths.entries());
  const most = maxWidth ?? Number.POSITIVE_INFINITY;
  if (shrink(whole, columns, most, gap, columns.length > 2 ? 1 : 0)) {
    return [whole];
  }
  const [first = 0, ...others] = widths;
  const groups: Map<number, number>[] = [];
  for (const [index, width] of others.entries()) {
    const group = groups.at(-1);
    if (group === undefined || widthOf(group, gap) + gap + width > most) {
      const next = new Map([
        [0, first],
        [index + 1, width],
      ]);
      shrink(next, columns, most, gap);
      groups.push(next);
    } else {
      group.set(index + 1, width);
    }
  }
  return groups.length === 0 ? [whole] : groups;
}

const widthOf = (group: Group, gap: number): number =>
  [...group.values()].reduce((sum, width) => sum + width, gap * (group.size - 1));

function linesOf(
  cells: readonly (readonly string[])[],
  columns: readonly TableColumn[],
  group: Group,
  gap: number,
): string[] {
  const separator = ' '.repeat(gap);
  const lines = cells.map((row) =>
    [...group]
      .map(([index, width]) => fit(row[index] ?? '', width, columns[index]?.align ?? 'left'))
      .join(separator)
      .trimEnd(),
  );
  const rule = [...group.values()].map((width) => '─'.repeat(width)).join(separator);
  return [lines[0] ?? '', rule, ...lines.slice(1)];
}

/** A path is not cut where there is room. */
const widestCell = 1000;

/** The narrowest that a column is cut to: one character and the ellipsis say nothing. */
const narrowest = 8;

/** Cuts the widest texts as far as it takes, but for those before the place `from`; whether that is enough. */
function shrink(
  group: Map<number, number>,
  columns: readonly TableColumn[],
  maxWidth: number,
  gap: number,
  from = 0,
): boolean {
  const left = [...group.keys()].filter(
    (index) => index >= from && (columns[index]?.align ?? 'left') === 'left',
  );
  for (let excess = widthOf(group, gap) - maxWidth; excess > 0; excess -= 1) {
    const widest = left.toSorted((a, b) => (group.get(b) ?? 0) - (group.get(a) ?? 0))[0];
    const width = widest === undefined ? 0 : (group.get(widest) ?? 0);
    if (widest === undefined || width <= narrowest) {
      return false;
    }
    group.set(widest, width - 1);
  }
  return true;
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

/** Of `✓ MLX      libmlx on …`: what stands before the only gap in a line. */
const labelOf = /^\s*\S+(?: \S+)*\s{2,}(?=\S)/;

/** Where a line is indented or has a bullet, its next ones begin below its first word. */
const marginOf = /^\s*(?:[→•!-] )?/;

/**
 * A text in lines of `width` columns at most, each broken between words and going on below where it began, or below what its label
 * is followed by. Rows of a table and commands to copy stay as they are.
 */
export const fitText = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => (stringWidth(line) <= width ? line : fitLine(line, width)))
    .join('\n');

function fitLine(line: string, width: number): string {
  if (/^\s*\$ /.test(line)) {
    // What a command is an example of goes below it.
    const [command = '', said = ''] = line.split(/(?<=\S)\s{2,}(?=\S)/);
    const below = said === '' ? [] : wrapText(said, Math.max(8, width - 6));
    return [command, ...below.map((each) => `      ${each}`)].join('\n');
  }
  const label = labelOf.exec(line)?.[0] ?? '';
  const rest = line.slice(label.length);
  if (/\S\s{2,}\S/.test(rest)) {
    return line;
  }
  const isBeside = label !== '' && width - stringWidth(label) >= narrowestFacts;
  const head = isBeside ? label : (marginOf.exec(line)?.[0] ?? '');
  const indent = isBeside ? stringWidth(head) : stringWidth(head) + (label === '' ? 0 : 2);
  const [first = '', ...others] = wrapText(line.slice(head.length), Math.max(8, width - indent));
  return [
    `${head}${first}`.trimEnd(),
    ...others.map((each) => `${' '.repeat(indent)}${each.trimStart()}`),
  ].join('\n');
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
