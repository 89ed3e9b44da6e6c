/** Series over iterations as lines. */

import { dashes, legend, seriesColour } from './legend.ts';
import { linearScale } from './scale.ts';
import { drawing, element, text, textWidth } from './svg.ts';
import type { Palette } from './svg.ts';

export interface Line {
  readonly name: string;
  /** One value an iteration; null leaves a gap. */
  readonly values: readonly (number | null)[];
}

export interface LineChartOptions {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
  readonly palette: Palette;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A value as its tick shows it. */
  readonly formatValue: (value: number) => string;
  /** The number of the first iteration. */
  readonly firstIteration?: number;
}

/** Lines from zero, so that their heights compare; each with its own dash, named in a legend above. */
export function lineChart(options: LineChartOptions): string {
  const { title, lines, width, height, palette, xLabel, yLabel, formatValue, firstIteration = 1 } = options;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const key = legend(
    lines.map(({ name }) => name),
    { width, palette, sample: 'line' },
  );
  const high = Math.max(0, ...values);
  const low = Math.min(0, ...values);
  const top = key.height + 22;
  const bottom = height - 38;
  const y = linearScale([low, high], [bottom, top], Math.max(2, Math.floor((bottom - top) / 48)));
  const left = 10 + Math.max(...y.ticks.map((tick) => textWidth(formatValue(tick))));
  const right = width - 12;
  const count = Math.max(1, ...lines.map((line) => line.values.length));
  const x = (index: number): number => left + (count === 1 ? 0.5 : index / (count - 1)) * (right - left);

  const grid = y.ticks
    .map(
      (tick) =>
        element('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), stroke: palette.grid }) +
        text(formatValue(tick), { x: left - 6, y: y(tick) + 4, fill: palette.mutedText, anchor: 'end' }),
    )
    .join('');
  const every = Math.ceil((count * 30) / (right - left));
  const iterations = Array.from({ length: count }, (_, index) => index)
    .filter((index) => index % every === 0)
    .map((index) =>
      text(String(firstIteration + index), {
        x: x(index),
        y: bottom + 16,
        fill: palette.mutedText,
        anchor: 'middle',
      }),
    )
    .join('');
  const drawn = lines.map((line, order) => path(line, order, x, y, palette)).join('');
  const labels =
    text(xLabel, { x: (left + right) / 2, y: height - 6, fill: palette.mutedText, anchor: 'middle' }) +
    text(yLabel, { x: 4, y: key.height + 12, fill: palette.mutedText });
  const description = lines
    .map(
      ({ name, values: each }) =>
        `${name}: ${each.map((value) => (value === null ? 'none' : formatValue(value))).join(', ')}`,
    )
    .join('. ');
  return drawing({ width, height, title, description }, key.markup + grid + iterations + labels + drawn);
}

function path(
  line: Line,
  order: number,
  x: (index: number) => number,
  y: (value: number) => number,
  palette: Palette,
): string {
  const stroke = seriesColour(palette, order);
  let pen = false;
  const d = line.values
    .map((value, index) => {
      if (value === null) {
        pen = false;
        return '';
      }
      const command = `${pen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
      return command;
    })
    .join('');
  const marks = line.values
    .map((value, index) =>
      value === null ? '' : element('circle', { cx: x(index), cy: y(value), r: 2.2, fill: stroke }),
    )
    .join('');
  const dash = dashes[order % dashes.length];
  return (
    element('path', {
      d,
      fill: 'none',
      stroke,
      'stroke-width': 2,
      'stroke-dasharray': dash,
      'stroke-linejoin': 'round',
    }) + marks
  );
}
