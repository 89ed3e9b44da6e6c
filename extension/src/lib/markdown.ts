/** Markdown for details: blocks, tables, and text that is no Markdown. */

/**
 * Text from a document, an alert, or a person, as it is: no image of it is loaded, no link and no HTML is made of it, and it stays
 * one paragraph. Words in backquotes stay code, as Tidemark's own hints have them.
 */
export const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .split(/(`[^`]*`)/)
    .map((part, place) => (place % 2 === 1 ? part : part.replaceAll(/[\\`[\]<*]/g, '\\$&')))
    .join('');

/** A table; what would end a cell is escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => plain(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Paragraphs, without the empty ones. */
export const blocks = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');
