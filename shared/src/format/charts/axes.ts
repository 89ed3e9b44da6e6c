/** What charts share around their data: scales with round numbers along them, the axis below bars, and the legend. */

import { seriesColor, tickText } from './palette.ts';
import type { Canvas, Color } from './palette.ts';
import { element, fitted, fontSize, text, textWidth } from './svg.ts';

export interface Scale {
  /** The position of a value, in the units of the drawing. */
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Steps between ticks: 1, 2 or 5 times a power of ten. */
export function tickStep(span: number, count: number): number {
  const raw = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const leading = raw / power;
  return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

/** As {@link scaleOver}, of the values and zero. */
export const scaleFromZero = (
  values: readonly number[],
  onto: readonly [number, number],
  space: number,
): Scale => scaleOver([0, ...values], onto, space);

/**
 * A scale over the range of `values`, widened to whole ticks, onto `[from, to]`. At least two ticks, about `space` apart.
 * A span of nothing is widened to 1. Throws a RangeError for a value that is not finite.
 */
export function scaleOver(
  values: readonly number[],
  [from, to]: readonly [number, number],
  space: number,
): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new RangeError(`scaleOver: [${low}, ${high}] is not a range`);
  }
  const step = tickStep(high > low ? high - low : 1, Math.max(2, Math.floor(Math.abs(to - from) / space)));
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  const start = first * step;
  const position = (value: number): number =>
    from + ((value - start) / ((last - first) * step)) * (to - from);
  return Object.assign(position, { ticks });
}

interface BarAxisOptions {
  readonly values: readonly number[];
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Below horizontal bars: lines from `top` to `bottom`, their values, and the axis's name, which ends at `height`. */
export function barAxis(
  { values, name, left, right, top, bottom }: BarAxisOptions,
  canvas: Canvas,
): { readonly x: Scale; readonly markup: string; readonly height: number } {
  const { palette } = canvas;
  const x = scaleFromZero(values, [left, right], 60);
  const height = bottom + 40;
  const lines = x.ticks.map((tick) => {
    const label = tickText(tick, canvas);
    return (
      element('line', { x1: x(tick), x2: x(tick), y1: top, y2: bottom, stroke: palette.grid }) +
      text(label, {
        x: x(tick),
        y: bottom + 15,
        fill: palette.muted,
        anchor: x(tick) < textWidth(label) / 2 ? 'start' : 'middle',
      })
    );
  });
  // Below the bars, as far as a long name leaves that.
  const shown = fitted(name, right);
  const title = text(shown, {
    x: Math.max((left + right) / 2, textWidth(shown) / 2),
    y: height - 6,
    fill: palette.muted,
    anchor: 'middle',
  });
  return { x, markup: lines.join('') + title, height };
}

/** How the lines of a chart differ besides their color. */
export const dashes = [undefined, '6 3', '2 3', '8 3 2 3', '1 4', '10 4'] as const;

const rowHeight = fontSize + 8;

/** The names of a chart's series, each behind a sample of how it is drawn, in as many rows as the width needs. Default colors: the series'. */
export function legend(
  names: readonly string[],
  sample: 'line' | 'box',
  { width, palette }: Canvas,
  colors: readonly Color[] = names.map((_, order) => seriesColor(palette, order)),
): { readonly markup: string; readonly height: number } {
  const sampleWidth = sample === 'line' ? 26 : 12;
  let [x, row] = [4, 0];
  const markup = names
    .map((name, order) => {
      const needed = sampleWidth + 6 + textWidth(name) + 14;
      if (x > 4 && x + needed > width) {
        [x, row] = [4, row + 1];
      }
      const baseline = row * rowHeight + fontSize + 2;
      const color = colors[order] ?? palette.text;
      const drawn =
        sample === 'line'
          ? element('line', {
              x1: x,
              x2: x + sampleWidth,
              y1: baseline - 4,
              y2: baseline - 4,
              stroke: color,
              'stroke-width': 2,
              'stroke-dasharray': dashes[order % dashes.length],
            })
          : element('rect', { x, y: baseline - 10, width: sampleWidth, height: 12, fill: color, rx: 2 });
      const label = text(name, { x: x + sampleWidth + 6, y: baseline, fill: palette.text });
      x += needed;
      return drawn + label;
    })
    .join('');
  return { markup, height: (row + 1) * rowHeight };
}
