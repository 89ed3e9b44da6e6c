/** SVG as strings: escaped, with numbers short enough to read. */

/** A colour as SVG takes it: `#a12b3c`, or `var(--name)` in a page that defines it. */
export type Colour = string;

/** The colours of a chart; a page passes variables, so that its theme decides, and a picture passes fixed ones. */
export interface Palette {
  readonly text: Colour;
  readonly mutedText: Colour;
  readonly grid: Colour;
  /** What the chart lies on: a rim of it keeps words apart from lines behind them. */
  readonly background: Colour;
  /** For series in their order. Lines differ in dash and marks too, since colour alone tells not everyone. */
  readonly series: readonly [Colour, Colour, Colour, Colour, Colour, Colour];
}

/** Colours of Okabe and Ito, "Color universal design" (2008), on white and on near-black. */
export const lightPalette: Palette = {
  text: '#1b1f24',
  mutedText: '#57606a',
  grid: '#d8dee4',
  background: '#ffffff',
  series: ['#0067a5', '#b8520a', '#007a5e', '#8a4a83', '#7a6400', '#5b6770'],
};

export const darkPalette: Palette = {
  text: '#e6edf3',
  mutedText: '#9aa5b1',
  grid: '#30363d',
  background: '#0d1117',
  series: ['#56b4e9', '#f0a35e', '#3fbf9b', '#d99bcb', '#e0cf55', '#9aa5b1'],
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it stands in markup, in an attribute too. */
export const escapeMarkup = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);

type Attribute = string | number | undefined;

const attributeText = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : escapeMarkup(value);

/** One element. Attributes that are undefined are left out; `children` is markup already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  children = '',
): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
    .map(([key, value]) => ` ${key}="${attributeText(value)}"`)
    .join('');
  return children === '' ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`;
}

export interface TextOptions {
  readonly x: number;
  readonly y: number;
  readonly fill: Colour;
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: 'bold';
  /** The colour of a rim around the letters, where they may lie on lines. */
  readonly rim?: Colour;
}

export const fontSize = 12;

export const text = (
  content: string,
  { x, y, fill, size = fontSize, anchor, weight, rim }: TextOptions,
): string =>
  element(
    'text',
    {
      x,
      y,
      fill,
      'font-size': size,
      'text-anchor': anchor,
      'font-weight': weight,
      stroke: rim,
      'stroke-width': rim === undefined ? undefined : 4,
      'stroke-linejoin': rim === undefined ? undefined : 'round',
      'paint-order': rim === undefined ? undefined : 'stroke',
    },
    escapeMarkup(content),
  );

/** The width of a text in a common sans-serif, by its average advance: enough to reserve room for it. */
export const textWidth = (content: string, size: number = fontSize): number => content.length * size * 0.6;

/** As much of a text as fits into `width`, cut in its middle, since names of a kind differ at their ends. */
export function fitted(content: string, width: number, size: number = fontSize): string {
  const most = Math.max(3, Math.floor(width / (size * 0.6)));
  if (content.length <= most) {
    return content;
  }
  const head = Math.ceil((most - 1) / 2);
  return `${content.slice(0, head)}…${content.slice(content.length - (most - 1 - head))}`;
}

/** The root element, with a title and a description for those who do not see it. */
export function drawing(
  {
    width,
    height,
    title,
    description,
  }: { width: number; height: number; title: string; description: string },
  children: string,
): string {
  return element(
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
}
