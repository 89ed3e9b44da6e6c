/**
 * Text from outside (files, hubs, people, systems) made fit to be shown: what a terminal would obey, or a reader could not see,
 * is written out, as `\x1b` is; and no text is longer than anyone would read.
 */

/**
 * Controls, what formats or directs text without being seen (bidirectional overrides, zero widths, tags, fillers), separators
 * of lines, and halves of surrogate pairs. Not what gives an emoji its looks, nor a joiner within one, such as a family's.
 */
const unseen =
  /(?![\ufe00-\ufe0f]|(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d(?=\p{Extended_Pictographic}))[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function written(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16);
  if (digits.length <= 2) {
    return named[character] ?? `\\x${digits.padStart(2, '0')}`;
  }
  return digits.length <= 4 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}

const visible = (text: string): string => text.replace(unseen, written);

/** Characters, as a reader counts them, of one value within a sentence: a name, a tensor's key, what a server said. */
const longestValue = 200;

/** Characters of a line, and lines of a message. A path may take 4,096 bytes, and is to be shown whole. */
const longestLine = 4200;
const mostLines = 200;

/** A value from outside as it stands in a sentence or a table: on one line, cut to so many characters with an ellipsis. */
export function printable(text: string, most = longestValue): string {
  // Enough to be cut, whatever it is of: a megabyte is not looked at in whole.
  const start = text.slice(0, 4 * most + 64);
  const shown = visible(start);
  return start.length === text.length && shown.length <= most ? shown : cutGraphemes(shown, most);
}

/** The same between quotation marks, for a name that may hold spaces. */
export const quoted = (text: string, most?: number): string => `"${printable(text, most)}"`;

/** Values in a sentence: the first `most` of them, and how many more there are. */
export function printableList(values: readonly string[], most = 20): string {
  const shown = values.slice(0, most).map((value) => printable(value, 100));
  const rest = values.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

interface LinesOptions {
  /** Whether the colors that Tidemark itself uses are let through. Default: false. */
  readonly styles?: boolean;
  /** Default: as many lines as there are. */
  readonly lines?: number;
}

/** Text of several lines, each made visible and cut; a guard where text leaves for a screen, a log, or a message. */
export function printableLines(
  text: string,
  { styles = false, lines = Infinity }: LinesOptions = {},
): string {
  const all = text.split(/\r?\n/);
  const shown = all.slice(0, lines).map((line) => printableLine(line, styles));
  return (all.length > lines ? [...shown, '…'] : shown).join('\n');
}

/** A message for a person: {@link printableLines}, no more than can be read. */
export const printableMessage = (text: string): string => printableLines(text, { lines: mostLines });

/** What node:util's styleText writes for the styles in use: bold, red to cyan, gray, and their ends. */
// eslint-disable-next-line no-control-regex -- these are the controls that are meant
const style = /(\u001b\[(?:1|22|3[1-6]|39|90)m)/;

function printableLine(line: string, styles: boolean): string {
  if (!styles) {
    return printable(line, longestLine);
  }
  // Splitting by a group keeps what was split at, at the odd places.
  const parts = line.split(style).map((part, place) => (place % 2 === 1 ? part : visible(part)));
  const whole = parts.join('');
  return whole.length <= longestLine ? whole : printable(line, longestLine);
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A letter under more code units of marks than this is not shown: they can be piled up without end. */
const longestGrapheme = 32;

/** `text`, or as many of its graphemes as fit into `most` with an ellipsis; `sizeOf` says how much each of them takes. */
export function cutGraphemes(
  text: string,
  most: number,
  sizeOf: (grapheme: string) => number = () => 1,
): string {
  let size = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    if (segment.length > longestGrapheme) {
      return `${text.slice(0, index).trimEnd()}…`;
    }
    size += sizeOf(segment);
    if (size > most) {
      return `${text.slice(0, end).trimEnd()}…`;
    }
    // The ellipsis needs room itself.
    if (size < most) {
      end = index + segment.length;
    }
  }
  return text;
}

/**
 * A document as JSON that can be shown as it is: what is unseen is escaped as JSON has it, so every value is there in full and
 * is read back the same.
 */
export const printableJson = (document: unknown, indent?: number): string =>
  escapedJson(JSON.stringify(document, undefined, indent));

/** The same for JSON text: what is unseen in it, but for line breaks, is within strings. */
export const escapedJson = (json: string): string =>
  withoutUnseen(json, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );

/** Text in XML or HTML with a character reference for each that is unseen. */
export const escapedMarkup = (text: string): string =>
  withoutUnseen(text, (character) => `&#x${(character.codePointAt(0) ?? 0).toString(16)};`);

const withoutUnseen = (text: string, escape: (character: string) => string): string =>
  text.replace(unseen, (character) => (character === '\n' ? character : escape(character)));
