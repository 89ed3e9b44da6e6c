/** How parts add up to a total: a bar for each, beginning where the one before it ended. */

import { seriesColour } from './legend.ts';
import { linearScale } from './scale.ts';
import { drawing, element, fitted, text, textWidth } from './svg.ts';
import type { Palette } from './svg.ts';

export interface WaterfallStep {
  readonly label: string;
  /** Of a `total` nothing is taken: it shows what the parts before it have added up to. */
  readonly value: number;
  /** `aside`: shown where the sum stands, in outline, and not added to it. */
  readonly kind: 'part' | 'total' | 'aside';
}

export interface WaterfallOptions {
  readonly title: string;
  readonly steps: readonly WaterfallStep[];
  readonly width: number;
  readonly palette: Palette;
  readonly xLabel: string;
  /** A value on the axis. */
  readonly formatTick: (value: number) => string;
  /** A part's or the total's value, with its unit. */
  readonly formatValue: (value: number, kind: WaterfallStep['kind']) => string;
}

const barHeight = 18;
/** From here on there is room for the labels beside the bars, otherwise they are above them. */
const roomyWidth = 640;

/** Horizontal, so that labels can be read at any width. A negative part runs back, and is drawn in outline. */
export function waterfall(options: WaterfallOptions): string {
  const { title, steps, width, palette, xLabel, formatTick, formatValue } = options;
  const isRoomy = width >= roomyWidth;
  const rowHeight = isRoomy ? 28 : 44;
  const barTop = isRoomy ? 4 : 19;
  const spans = spansOf(steps);
  const labelRoom = isRoomy
    ? Math.min(width / 3, Math.max(...steps.map(({ label }) => textWidth(label))) + 12)
    : 4;
  const valueRoom = Math.max(...steps.map(({ value, kind }) => textWidth(formatValue(value, kind)))) + 16;
  const [left, right] = [labelRoom, width - valueRoom];
  const bottom = steps.length * rowHeight + 4;
  const ends = spans.flatMap(({ from, to }) => [from, to]);
  const x = linearScale(
    [Math.min(0, ...ends), Math.max(0, ...ends)],
    [left, right],
    Math.max(2, Math.floor((right - left) / 60)),
  );
  const grid = x.ticks
    .map(
      (tick) =>
        element('line', { x1: x(tick), x2: x(tick), y1: 0, y2: bottom, stroke: palette.grid }) +
        text(formatTick(tick), { x: x(tick), y: bottom + 15, fill: palette.mutedText, anchor: 'middle' }),
    )
    .join('');
  const rows = steps.map((step, row) => {
    const { from, to } = spans[row] ?? { from: 0, to: 0 };
    const y = row * rowHeight + barTop;
    const isOutlined = step.kind === 'aside' || step.value < 0;
    const colour = step.kind === 'total' ? palette.text : seriesColour(palette, row);
    const bar = element('rect', {
      x: Math.min(x(from), x(to)),
      y,
      width: Math.max(Math.abs(x(to) - x(from)), 1),
      height: barHeight,
      rx: 1.5,
      fill: isOutlined ? 'none' : colour,
      stroke: isOutlined ? colour : undefined,
      'stroke-width': isOutlined ? 1.5 : undefined,
      'stroke-dasharray': step.kind === 'aside' ? '4 3' : undefined,
    });
    const isLast = row === steps.length - 1;
    const connector =
      isLast || step.kind === 'aside' || !isRoomy
        ? ''
        : element('line', {
            x1: x(to),
            x2: x(to),
            y1: y + barHeight,
            y2: y + rowHeight,
            stroke: palette.mutedText,
            'stroke-dasharray': '2 2',
          });
    const weight = step.kind === 'total' ? { weight: 'bold' as const } : {};
    const label = isRoomy
      ? text(fitted(step.label, left - 10), {
          x: left - 10,
          y: y + 13,
          fill: palette.text,
          anchor: 'end',
          ...weight,
        })
      : text(fitted(step.label, width - 4), {
          x: 4,
          y: y - 5,
          fill: palette.text,
          rim: palette.background,
          ...weight,
        });
    const value = text(formatValue(step.value, step.kind), {
      x: Math.max(x(from), x(to)) + 6,
      y: y + 13,
      fill: palette.text,
      rim: palette.background,
      ...weight,
    });
    return connector + bar + label + value;
  });
  const height = bottom + 40;
  const axis = text(xLabel, {
    x: (left + right) / 2,
    y: height - 6,
    fill: palette.mutedText,
    anchor: 'middle',
  });
  const description = steps
    .map(({ label, value, kind }) => `${label}: ${formatValue(value, kind)}`)
    .join(', ');
  return drawing({ width, height, title, description }, grid + rows.join('') + axis);
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
