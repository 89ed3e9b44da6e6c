/** Markup as strings, SVG's and HTML's: escaped, with numbers short enough to read. */

import type { Color } from './palette.ts';
import { printableLines } from '../../printable.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in markup, in an attribute too. */
export const escapeMarkup = (text: string): string =>
  printableLines(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);

type Attribute = string | number | undefined;

const attributeText = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : escapeMarkup(value);

/** One element. Attributes that are undefined are left out; `children` is markup already, and without it the element is empty. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  children?: string,
): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${attributeText(value)}"`)
    .join('');
  return children === undefined ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`;
}

/**
 * A path of any length, which attributes from outside are not. Throws a RangeError where `commands` are more than letters and
 * numbers.
 */
export function path(commands: string, attributes: Readonly<Record<string, Attribute>>): string {
  if (!/^[MLHVZhlz\d. -]*$/.test(commands)) {
    throw new RangeError(`these are no commands of a path: ${commands.slice(0, 100)}`);
  }
  return element('path', { d: '', ...attributes }).replace('d=""', `d="${commands}"`);
}

interface TextOptions {
  readonly x: number;
  readonly y: number;
  readonly fill: Color;
  readonly anchor?: 'start' | 'middle' | 'end' | undefined;
  readonly weight?: 'bold' | undefined;
  /** The color of a rim around the letters, where they may lie on lines. */
  readonly rim?: Color | undefined;
}

export const fontSize = 12;

export const text = (content: string, { x, y, fill, anchor, weight, rim }: TextOptions): string =>
  element(
    'text',
    {
      x,
      y,
      fill,
      'font-size': fontSize,
      'text-anchor': anchor,
      'font-weight': weight,
      ...(rim !== undefined && {
        stroke: rim,
        'stroke-width': 4,
        'stroke-linejoin': 'round',
        'paint-order': 'stroke',
      }),
    },
    escapeMarkup(content),
  );

/** The width of a text in a common sans-serif, by its average advance: enough to reserve room for it. */
export const textWidth = (content: string): number => content.length * fontSize * 0.6;

/** As much of a text as fits into `width`, cut in its middle, since names of a kind differ at their ends. */
export function fitted(content: string, width: number): string {
  const most = Math.max(3, Math.floor(width / (fontSize * 0.6)));
  if (content.length <= most) {
    return content;
  }
  const head = Math.ceil((most - 1) / 2);
  return `${content.slice(0, head)}…${content.slice(content.length - (most - 1 - head))}`;
}

/** Lines of at most `width`, broken at spaces; a word that is wider alone is cut in its middle. */
export function wrapped(content: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && textWidth(longer) <= width) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(fitted(word, width));
    }
  }
  return lines;
}

interface DrawingOptions {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly description: string;
}

/** The root element, with a title and a description for those who do not see it. */
export const drawing = ({ width, height, title, description }: DrawingOptions, children: string): string =>
  element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
      'font-family': "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    },
    element('title', {}, escapeMarkup(title)) + element('desc', {}, escapeMarkup(description)) + children,
  );
