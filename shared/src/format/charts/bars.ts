/** Horizontal bars, so that labels can be read at any width: stacked ones beside each other, and a waterfall of parts. */

import { barAxis, legend } from './axes.ts';
import { amountText, seriesColor } from './palette.ts';
import type { Canvas } from './palette.ts';
import { drawing, element, escapeMarkup, fitted, text, textWidth } from './svg.ts';

const barHeight = 18;

export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly name: string; readonly value: number }[];
}

interface StackedBarsOptions {
  /** Without the unit. */
  readonly title: string;
  readonly bars: readonly Bar[];
  /** What the axis shows, without the unit. */
  readonly axis: string;
}

/**
 * Bars from zero on one scale, with their names above and their totals behind. Parts keep their color over all bars, by name, and
 * are named in the legend. A negative part is an outline at the end of the others, which it takes off the total.
 */
export function stackedBars({ title, bars, axis }: StackedBarsOptions, canvas: Canvas): string {
  const { width, palette, unit } = canvas;
  const rowHeight = 46;
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + Math.max(0, value), 0));
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const totalRoom = Math.max(...sums.map((sum) => textWidth(amountText(sum, canvas)))) + 14;
  const key = legend(names, 'box', canvas);
  const left = 4;
  const top = key.height + 4;
  const bottom = top + bars.length * rowHeight;
  const { x, markup, height } = barAxis(
    { values: totals, name: `${axis} in ${unit}`, left, right: width - totalRoom, top, bottom },
    canvas,
  );
  const rows = bars.map(({ label, parts }, row) => {
    const y = top + row * rowHeight;
    let start = 0;
    const filled = parts
      .filter(({ value }) => value > 0)
      .map(({ name, value }) => {
        const from = x(start);
        start += value;
        return element(
          'rect',
          {
            x: from,
            y: y + 20,
            width: Math.max(x(start) - from - 1, 0.5),
            height: barHeight,
            fill: seriesColor(palette, names.indexOf(name)),
            rx: 1.5,
          },
          element('title', {}, escapeMarkup(`${name}: ${amountText(value, canvas)}`)),
        );
      })
      .join('');
    const end = x(start);
    const saved = parts
      .filter(({ value }) => value < 0)
      .map(({ name, value }) => {
        const from = x(Math.max(0, start + value));
        const width = Math.max(x(Math.max(0, start)) - from - 1, 0.5);
        start += value;
        return element(
          'rect',
          {
            x: from,
            y: y + 20.75,
            width,
            height: barHeight - 1.5,
            fill: palette.background,
            stroke: seriesColor(palette, names.indexOf(name)),
            'stroke-width': 1.5,
            'stroke-dasharray': '3 2',
            rx: 1.5,
          },
          element('title', {}, escapeMarkup(`${name}: ${amountText(value, canvas)}`)),
        );
      })
      .join('');
    const rimmed = { fill: palette.text, rim: palette.background };
    return [
      // Bold letters take about a fifth more.
      text(fitted(label, (width - left) / 1.2), { x: left, y: y + 14, weight: 'bold', ...rimmed }),
      filled + saved,
      text(amountText(start, canvas), { x: end + 6, y: y + 20 + barHeight / 2 + 4, ...rimmed }),
    ].join('');
  });
  const description = bars
    .map(
      ({ label, parts }) =>
        `${label}: ${parts.map(({ name, value }) => `${name} ${amountText(value, canvas)}`).join(', ')}`,
    )
    .join('. ');
  return drawing(
    { width, height, title: `${title}, in ${unit}`, description },
    key.markup + markup + rows.join(''),
  );
}

export interface WaterfallStep {
  readonly label: string;
  /** Of a `total` nothing is taken: it shows what the parts before it have added up to. */
  readonly value: number;
  /** `aside`: shown where the sum stands, in outline, and not added to it. */
  readonly kind: 'part' | 'total' | 'aside';
}

interface WaterfallOptions {
  /** Without the unit. */
  readonly title: string;
  readonly steps: readonly WaterfallStep[];
  /** What the axis shows, without the unit. */
  readonly axis: string;
  /** A step's value, with its unit. Default: the amount alone. */
  readonly valueText?: (value: number) => string;
}

/** From here on there is room for the labels beside the bars, otherwise they are above them. */
const roomyWidth = 640;

/** How parts add up: a bar for each, beginning where the one before it ended. A negative part runs back, and is drawn in outline. */
export function waterfall(options: WaterfallOptions, canvas: Canvas): string {
  const { width, palette, unit } = canvas;
  const { title, steps, axis, valueText = (value: number) => amountText(value, canvas) } = options;
  const isRoomy = width >= roomyWidth;
  const rowHeight = isRoomy ? 28 : 44;
  const barTop = isRoomy ? 4 : 19;
  const spans = spansOf(steps);
  const left = isRoomy
    ? Math.min(width / 3, Math.max(...steps.map(({ label }) => textWidth(label))) + 12)
    : 4;
  const valueRoom = Math.max(...steps.map(({ value }) => textWidth(valueText(value)))) + 16;
  const { x, markup, height } = barAxis(
    {
      values: spans.flatMap(({ from, to }) => [from, to]),
      name: `${axis} in ${unit}`,
      left,
      right: width - valueRoom,
      top: 0,
      bottom: steps.length * rowHeight + 4,
    },
    canvas,
  );
  const rows = steps.map(({ label, value, kind }, row) => {
    const { from, to } = spans[row] ?? { from: 0, to: 0 };
    const y = row * rowHeight + barTop;
    const isOutlined = kind === 'aside' || value < 0;
    const color = kind === 'total' ? palette.text : seriesColor(palette, row);
    const bar = element('rect', {
      x: Math.min(x(from), x(to)),
      y,
      width: Math.max(Math.abs(x(to) - x(from)), 1),
      height: barHeight,
      rx: 1.5,
      fill: isOutlined ? 'none' : color,
      stroke: isOutlined ? color : undefined,
      'stroke-width': isOutlined ? 1.5 : undefined,
      'stroke-dasharray': kind === 'aside' ? '4 3' : undefined,
    });
    const connector =
      row === steps.length - 1 || kind === 'aside' || !isRoomy
        ? ''
        : element('line', {
            x1: x(to),
            x2: x(to),
            y1: y + barHeight,
            y2: y + rowHeight,
            stroke: palette.muted,
            'stroke-dasharray': '2 2',
          });
    const look = { fill: palette.text, weight: kind === 'total' ? ('bold' as const) : undefined };
    const rimmed = { ...look, rim: palette.background };
    return [
      connector,
      bar,
      isRoomy
        ? text(fitted(label, left - 10), { x: left - 10, y: y + 13, anchor: 'end', ...look })
        : text(fitted(label, width - 4), { x: 4, y: y - 5, ...rimmed }),
      text(valueText(value), { x: Math.max(x(from), x(to)) + 6, y: y + 13, ...rimmed }),
    ].join('');
  });
  const description = steps.map(({ label, value }) => `${label}: ${valueText(value)}`).join(', ');
  return drawing({ width, height, title: `${title}, in ${unit}`, description }, markup + rows.join(''));
}

function spansOf(steps: readonly WaterfallStep[]): { from: number; to: number }[] {
  let sum = 0;
  return steps.map(({ value, kind }) => {
    if (kind === 'total') {
      return { from: 0, to: value };
    }
    const from = sum;
    if (kind === 'part') {
      sum += value;
    }
    return { from, to: from + value };
  });
}
