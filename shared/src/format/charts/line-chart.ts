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
  /** What each place along the axis is called. Default: numbers from 1. */
  readonly labels?: readonly string[];
  /** Leading values that are drawn hollow: a warm-up. */
  readonly hollow?: number;
  /** A line across, before the value at `at`, with what begins there. */
  readonly divider?: { readonly at: number; readonly label: string };
  /** The least that the scale reaches up to, so that several charts compare. */
  readonly atLeast?: number;
}

/** More values than this are drawn without a mark for each. */
const mostMarks = 60;
/** More values than this are not read out one by one. */
const mostDescribed = 40;

/** Lines from zero, so that their heights compare; each with its own dash, named in a legend above. */
export function lineChart(options: LineChartOptions): string {
  const { title, lines, width, height, palette, xLabel, yLabel, formatValue, labels, divider } = options;
  const { hollow = 0, atLeast = 0 } = options;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const key = legend(
    lines.map(({ name }) => name),
    { width, palette, sample: 'line' },
  );
  const high = Math.max(0, atLeast, ...values);
  const low = Math.min(0, ...values);
  const top = key.height + 22;
  const bottom = height - 38;
  const y = linearScale([low, high], [bottom, top], Math.max(2, Math.floor((bottom - top) / 32)));
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
  const labelOf = (index: number): string => labels?.[index] ?? String(index + 1);
  const labelWidth = 12 + Math.max(...Array.from({ length: count }, (_, index) => textWidth(labelOf(index))));
  const every = Math.ceil((count * labelWidth) / (right - left));
  const iterations = Array.from({ length: count }, (_, index) => index)
    .filter((index) => index % every === 0)
    .map((index) =>
      text(labelOf(index), {
        x: x(index),
        y: bottom + 16,
        fill: palette.mutedText,
        anchor: 'middle',
      }),
    )
    .join('');
  const drawn = lines.map((line, order) => path(line, order, x, y, palette, hollow)).join('');
  const divided = divider === undefined ? '' : border(divider, { x, top, bottom, right, palette });
  const names =
    text(xLabel, { x: (left + right) / 2, y: height - 6, fill: palette.mutedText, anchor: 'middle' }) +
    text(yLabel, { x: 4, y: key.height + 12, fill: palette.mutedText });
  const description = lines
    .map(
      ({ name, values: each }) =>
        `${name}: ${described(each)
          .map((value) => (value === null ? 'none' : formatValue(value)))
          .join(', ')}`,
    )
    .join('. ');
  return drawing(
    { width, height, title, description },
    key.markup + grid + iterations + names + divided + drawn,
  );
}

/** Of many values the first, the lowest, the highest and the last. */
function described(values: Line['values']): Line['values'] {
  if (values.length <= mostDescribed) {
    return values;
  }
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return [values[0] ?? null, known[0] ?? null, known.at(-1) ?? null, values.at(-1) ?? null];
}

interface Area {
  readonly x: (index: number) => number;
  readonly top: number;
  readonly bottom: number;
  readonly right: number;
  readonly palette: Palette;
}

function border(
  { at, label }: { at: number; label: string },
  { x, top, bottom, right, palette }: Area,
): string {
  const middle = (x(at - 1) + x(at)) / 2;
  const fits = middle + 5 + textWidth(label) <= right;
  return (
    element('line', {
      x1: middle,
      x2: middle,
      y1: top,
      y2: bottom,
      stroke: palette.mutedText,
      'stroke-dasharray': '3 3',
    }) +
    text(label, {
      x: middle + (fits ? 5 : -5),
      y: bottom - 6,
      fill: palette.mutedText,
      rim: palette.background,
      anchor: fits ? 'start' : 'end',
    })
  );
}

function path(
  line: Line,
  order: number,
  x: (index: number) => number,
  y: (value: number) => number,
  palette: Palette,
  hollow: number,
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
      value === null || line.values.length > mostMarks
        ? ''
        : element('circle', {
            cx: x(index),
            cy: y(value),
            r: index < hollow ? 3.5 : 2.2,
            fill: index < hollow ? 'none' : stroke,
            stroke,
          }),
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
