/** Horizontal bars of one or more parts each, with their names above and their totals behind. */

import { legend, seriesColour } from './legend.ts';
import { linearScale } from './scale.ts';
import { drawing, element, fitted, text, textWidth } from './svg.ts';
import type { Palette } from './svg.ts';

export interface BarPart {
  readonly name: string;
  readonly value: number;
}

export interface Bar {
  readonly label: string;
  readonly parts: readonly BarPart[];
}

export interface StackedBarsOptions {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly width: number;
  readonly palette: Palette;
  readonly xLabel: string;
  /** A value on the axis. */
  readonly formatTick: (value: number) => string;
  /** A bar's total, and a part's value where it is asked for. */
  readonly formatValue: (value: number) => string;
}

const barHeight = 18;
const rowHeight = 46;

/** Bars from zero on one scale. Parts keep their colour over all bars, by name, and are named in the legend. */
export function stackedBars({
  title,
  bars,
  width,
  palette,
  xLabel,
  formatTick,
  formatValue,
}: StackedBarsOptions): string {
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + Math.max(0, value), 0));
  const totalRoom = Math.max(...totals.map((total) => textWidth(formatValue(total)))) + 14;
  const key = legend(names, { width, palette, sample: 'box' });
  const left = 4;
  const right = width - totalRoom;
  const top = key.height + 4;
  const bottom = top + bars.length * rowHeight;
  const x = linearScale(
    [0, Math.max(...totals)],
    [left, right],
    Math.max(2, Math.floor((right - left) / 60)),
  );
  const colour = (name: string) => seriesColour(palette, names.indexOf(name));

  const grid = x.ticks
    .map(
      (tick) =>
        element('line', { x1: x(tick), x2: x(tick), y1: top, y2: bottom, stroke: palette.grid }) +
        text(formatTick(tick), {
          x: x(tick),
          y: bottom + 15,
          fill: palette.mutedText,
          anchor: tick === 0 ? 'start' : 'middle',
        }),
    )
    .join('');
  const rows = bars
    .map(({ label, parts }, row) => {
      const y = top + row * rowHeight;
      let start = 0;
      const drawn = parts
        .filter(({ value }) => value > 0)
        .map(({ name, value }) => {
          const from = x(start);
          start += value;
          const extent = x(start) - from;
          return element(
            'rect',
            {
              x: from,
              y: y + 20,
              width: Math.max(extent - 1, 0.5),
              height: barHeight,
              fill: colour(name),
              rx: 1.5,
            },
            element('title', {}, `${name}: ${formatValue(value)}`),
          );
        })
        .join('');
      return (
        // Bold letters take about a fifth more.
        text(fitted(label, (width - left) / 1.2), {
          x: left,
          y: y + 14,
          fill: palette.text,
          weight: 'bold',
          rim: palette.background,
        }) +
        drawn +
        text(formatValue(start), {
          x: x(start) + 6,
          y: y + 20 + barHeight / 2 + 4,
          fill: palette.text,
          rim: palette.background,
        })
      );
    })
    .join('');
  const height = bottom + 40;
  const axis = text(xLabel, {
    x: (left + right) / 2,
    y: height - 6,
    fill: palette.mutedText,
    anchor: 'middle',
  });
  const description = bars
    .map(
      ({ label, parts }) =>
        `${label}: ${parts.map(({ name, value }) => `${name} ${formatValue(value)}`).join(', ')}`,
    )
    .join('. ');
  return drawing({ width, height, title, description }, key.markup + grid + rows + axis);
}
