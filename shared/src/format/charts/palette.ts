/** The colors of charts and of the report's page, and what a chart is drawn on. */

import { formatBytes, unitBytes } from '../bytes.ts';
import type { ByteUnit } from '../bytes.ts';
import { formatCount } from '../numbers.ts';

/** A color as SVG takes it: `#a12b3c`, or `var(--name)` in a page that defines it. */
export type Color = string;

export interface Palette {
  readonly text: Color;
  readonly muted: Color;
  readonly grid: Color;
  /** What the chart lies on: a rim of it keeps words apart from lines behind them. */
  readonly background: Color;
  /** For what an area of memory is for beside the series: weights, what was made of them, and temporaries. */
  readonly weights: Color;
  readonly expanded: Color;
  readonly temporary: Color;
  /** For series in their order. Lines differ in dash and marks too, since color alone tells not everyone. */
  readonly series: readonly [Color, Color, Color, Color, Color, Color];
}

/** Colors of Okabe and Ito, "Color universal design" (2008), on white and on near-black. */
export const lightPalette: Palette = {
  text: '#1b1f24',
  muted: '#57606a',
  grid: '#d8dee4',
  background: '#ffffff',
  weights: '#c3cbd4',
  expanded: '#e0559b',
  temporary: '#24292f',
  series: ['#0067a5', '#b8520a', '#007a5e', '#8a4a83', '#7a6400', '#5b6770'],
};

export const darkPalette: Palette = {
  text: '#e6edf3',
  muted: '#9aa5b1',
  grid: '#30363d',
  background: '#0d1117',
  weights: '#464f5a',
  expanded: '#ff7ab8',
  temporary: '#f0f3f6',
  series: ['#56b4e9', '#f0a35e', '#3fbf9b', '#d99bcb', '#e0cf55', '#9aa5b1'],
};

/** Colors by a page's variables, so that the page's theme decides. */
export const pagePalette: Palette = {
  text: 'var(--text)',
  muted: 'var(--muted)',
  grid: 'var(--grid)',
  background: 'var(--background)',
  weights: 'var(--weights)',
  expanded: 'var(--expanded)',
  temporary: 'var(--temporary)',
  series: ['var(--s1)', 'var(--s2)', 'var(--s3)', 'var(--s4)', 'var(--s5)', 'var(--s6)'],
};

/** The declarations of the variables that `pagePalette` names. */
export const paletteStyle = ({ series, ...named }: Palette): string =>
  [...Object.entries(named), ...series.map((color, order) => [`s${order + 1}`, color] as const)]
    .map(([name, color]) => `--${name}: ${color};`)
    .join(' ');

export const seriesColor = (palette: Palette, order: number): Color =>
  palette.series[order % palette.series.length] ?? palette.text;

/** What a chart of memory is drawn on; all its values are bytes, shown in one unit. */
export interface Canvas {
  readonly width: number;
  readonly palette: Palette;
  readonly unit: ByteUnit;
}

/** `163.5 MB`. */
export const amountText = (bytes: number, { unit }: Canvas): string => formatBytes(bytes, { unit });

/** A mark on an axis that says its unit once: `163.53`. */
export const tickText = (bytes: number, { unit }: Canvas): string =>
  formatCount(Math.round((bytes / unitBytes[unit]) * 100) / 100);
