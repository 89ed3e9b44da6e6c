/** Memory over the operations of a trace, as areas stacked by what it is for; several traces above each other on one scale. */

import { formatCount } from '../numbers.ts';
import type { TracedOperation, TracePicture } from '../../protocol/trace-picture.ts';
import { legend, scaleFromZero, tickStep } from './axes.ts';
import type { Scale } from './axes.ts';
import { amountText, tickText } from './palette.ts';
import { orderWords } from '../trace-words.ts';
import type { Canvas, Color, Palette } from './palette.ts';
import { bandColors } from './trace-colors.ts';
import { drawing, element, fontSize, path, text, textWidth, wrapped } from './svg.ts';

/** `Convolution of decoder.generator.conv_post, [1 × 22 × 12,000] float32, 1.1 MB`. */
export const operationWords = (
  { name, layer, shape, dtype, bytes }: TracedOperation,
  canvas: Canvas,
): string =>
  `${name} of ${layer}, [${shape.map(formatCount).join(' × ')}] ${dtype}, ${amountText(bytes, canvas)}`;

const plotHeight = 210;
const lineHeight = fontSize + 5;

/** What several pictures are drawn in. */
interface Frame {
  readonly left: number;
  readonly right: number;
  /** Operations at the right end. */
  readonly operations: number;
  readonly canvas: Canvas;
}

/** `title` is without the unit. One scale of bytes and of operations for all pictures. */
export function traceChart(title: string, pictures: readonly TracePicture[], canvas: Canvas): string {
  const { width, palette, unit } = canvas;
  const { colorOf, legend: entries } = bandColors(
    pictures.map(({ bands, columns: { bytes } }) => ({ bands, bytes })),
    palette,
  );
  const key = legend(
    entries.map(({ name }) => name),
    'box',
    canvas,
    entries.map(({ color }) => color),
  );
  const most = Math.max(1, ...pictures.map((picture) => Math.max(0, ...topsOf(picture))));
  const y = scaleFromZero([most], [plotHeight, 0], 36);
  const frame: Frame = {
    left: 10 + Math.max(...y.ticks.map((tick) => textWidth(tickText(tick, canvas)))),
    right: width - 14,
    operations: Math.max(1, ...pictures.map(({ operations }) => operations)),
    canvas,
  };
  let top = key.height + 6;
  const drawn = pictures.map((picture) => {
    const { markup, height } = traceArea(picture, { ...frame, y, top, colorOf });
    top += height;
    return markup;
  });
  return drawing(
    {
      width,
      height: top,
      title: `${title}, in ${unit}`,
      description: pictures.map((picture) => descriptionOf(picture, canvas)).join(' '),
    },
    key.markup + drawn.join(''),
  );
}

/** Of each column, all bands together. */
const topsOf = ({ columns: { bytes } }: TracePicture): number[] =>
  (bytes[0] ?? []).map((_, column) => bytes.reduce((sum, band) => sum + (band[column] ?? 0), 0));

interface AreaOptions extends Frame {
  readonly y: Scale;
  readonly top: number;
  readonly colorOf: (name: string) => Color;
}

/** One trace: its heading, its areas with the peak, and both axes. */
function traceArea(
  picture: TracePicture,
  { left, right, operations, y, top, canvas, colorOf }: AreaOptions,
): { readonly markup: string; readonly height: number } {
  const { palette, unit, width } = canvas;
  const { bands, columns, peak } = picture;
  const muted = { fill: palette.muted };
  const heading = wrapped(headingOf(picture, canvas), (width - 8) / 1.15);
  const where = peak === undefined ? [] : wrapped(peakWords(peak, picture, canvas), width - 8);
  const words = [
    ...heading.map((line, row) =>
      text(line, { x: 4, y: top + row * lineHeight + 14, weight: 'bold', fill: palette.text }),
    ),
    ...where.map((line, row) =>
      text(line, { x: 4, y: top + (heading.length + row) * lineHeight + 14, fill: palette.text }),
    ),
  ];
  const plotTop = top + (heading.length + where.length) * lineHeight + 30;
  const bottom = plotTop + plotHeight;
  const end = left + ((right - left) * picture.operations) / operations;
  const columnCount = columns.startSeconds.length;
  const grid = y.ticks.map(
    (tick) =>
      element('line', {
        x1: left,
        x2: right,
        y1: plotTop + y(tick),
        y2: plotTop + y(tick),
        stroke: palette.grid,
      }) + text(tickText(tick, canvas), { x: left - 6, y: plotTop + y(tick) + 4, anchor: 'end', ...muted }),
  );
  const sums = columns.startSeconds.map(() => 0);
  // Each area reaches down to zero, and the one below it is drawn over it: no seam shows what is behind.
  const areas = bands
    .map(({ name }, band) => {
      columns.bytes[band]?.forEach((bytes, column) => (sums[column] = (sums[column] ?? 0) + bytes));
      return path(
        stepArea(
          sums.map((sum) => plotHeight - y(sum)),
          left,
          columnCount === 0 ? 0 : (end - left) / columnCount,
          bottom,
        ),
        { fill: colorOf(name) },
      );
    })
    .toReversed();
  const mark =
    peak === undefined
      ? ''
      : peakMark(
          left + ((end - left) * (peak.place + 0.5)) / picture.operations,
          plotTop + y(Math.max(0, ...topsOf(picture))),
          { left, right, bottom, palette, label: `peak ${amountText(peak.peakBytes, canvas)}` },
        );
  const unitName = text(unit, { x: 4, y: plotTop - 12, ...muted });
  return {
    markup: [
      ...words,
      unitName,
      ...grid,
      ...areas,
      mark,
      operationAxis({ left, right, bottom, operations, palette }),
      timeAxis(picture, { left, end, bottom: bottom + 24, palette }),
    ].join(''),
    height: bottom - top + 62,
  };
}

/** `bf16, MLX’s order: peak 341.5 MB`. */
export const traceTitle = (
  model: string,
  order: Pick<TracePicture, 'order' | 'queued'>,
  peakBytes: number,
  canvas: Canvas,
): string => `${model}, ${orderWords(order)}: peak ${amountText(peakBytes, canvas)}`;

const headingOf = (picture: TracePicture, canvas: Canvas): string =>
  picture.peak === undefined
    ? `${picture.model}, ${orderWords(picture)}: no operation`
    : traceTitle(picture.model, picture, picture.peak.peakBytes, canvas);

const peakWords = (peak: TracedOperation, { operations }: TracePicture, canvas: Canvas): string =>
  `at operation ${formatCount(peak.place + 1)} of ${formatCount(operations)}: ${operationWords(peak, canvas)}`;

function descriptionOf(picture: TracePicture, canvas: Canvas): string {
  const { bands, columns, peak } = picture;
  if (peak === undefined) {
    return `${headingOf(picture, canvas)}.`;
  }
  const tops = topsOf(picture);
  const highest = tops.indexOf(Math.max(...tops));
  const parts = bands.flatMap(({ name }, band) => {
    const bytes = columns.bytes[band]?.[highest] ?? 0;
    return bytes > 0 ? [`${name} ${amountText(bytes, canvas)}`] : [];
  });
  return `${headingOf(picture, canvas)}, ${peakWords(peak, picture, canvas)}. Alive then: ${parts.join(', ')}.`;
}

interface MarkOptions {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly palette: Palette;
  readonly label: string;
}

/** A line at the peak with a triangle and its figure on top. */
function peakMark(x: number, y: number, { left, right, bottom, palette, label }: MarkOptions): string {
  const half = (textWidth(label) * 1.15) / 2;
  const middle = Math.min(Math.max(x, left + half), right - half);
  return (
    element('line', {
      x1: x,
      x2: x,
      y1: y,
      y2: bottom,
      stroke: palette.background,
      'stroke-width': 3,
      'stroke-opacity': 0.7,
    }) +
    element('line', { x1: x, x2: x, y1: y, y2: bottom, stroke: palette.text, 'stroke-dasharray': '3 3' }) +
    element('path', { d: `M${(x - 5).toFixed(1)} ${(y - 8).toFixed(1)}h10l-5 7z`, fill: palette.text }) +
    text(label, {
      x: middle,
      y: y - 12,
      fill: palette.text,
      rim: palette.background,
      weight: 'bold',
      anchor: 'middle',
    })
  );
}

function operationAxis({
  left,
  right,
  bottom,
  operations,
  palette,
}: Pick<AreaOptions, 'left' | 'right' | 'operations'> & {
  readonly bottom: number;
  readonly palette: Palette;
}): string {
  const step = Math.max(1, tickStep(operations, Math.max(2, Math.floor((right - left) / 90))));
  const ticks = Array.from({ length: Math.floor(operations / step) + 1 }, (_, tick) => tick * step);
  const name = 'operation';
  return (
    element('line', { x1: left, x2: right, y1: bottom, y2: bottom, stroke: palette.muted }) +
    axisLabels(
      ticks.map((tick) => ({ x: left + ((right - left) * tick) / operations, label: formatCount(tick) })),
      { bottom, right, palette, name },
    )
  );
}

/** Where round times are among the operations, which do not take equally long. */
function timeAxis(
  { columns: { startSeconds }, seconds }: TracePicture,
  {
    left,
    end,
    bottom,
    palette,
  }: { readonly left: number; readonly end: number; readonly bottom: number; readonly palette: Palette },
): string {
  if (startSeconds.length === 0 || seconds <= 0) {
    return '';
  }
  const step = tickStep(seconds, Math.max(2, Math.floor((end - left) / 90)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, tick) => {
    const found = startSeconds.findIndex((start) => start >= tick * step);
    const column = found < 0 ? startSeconds.length : found;
    return { x: left + ((end - left) * column) / startSeconds.length, label: (tick * step).toFixed(digits) };
  });
  return axisLabels(ticks, { bottom, right: end, palette, name: 'seconds' });
}

/** Labels below marks, those left out that would touch the one before or the axis's name, which is at the right end. */
function axisLabels(
  ticks: readonly { readonly x: number; readonly label: string }[],
  {
    bottom,
    right,
    palette,
    name,
  }: { readonly bottom: number; readonly right: number; readonly palette: Palette; readonly name: string },
): string {
  const end = right - textWidth(name) - 6;
  let free = -Infinity;
  const labels = ticks.map(({ x, label }) => {
    const half = textWidth(label) / 2;
    const fits = x - half >= free && x + half <= end;
    if (fits) {
      free = x + half + 8;
    }
    return (
      element('line', { x1: x, x2: x, y1: bottom, y2: bottom + 4, stroke: palette.muted }) +
      (fits ? text(label, { x, y: bottom + 16, fill: palette.muted, anchor: 'middle' }) : '')
    );
  });
  return labels.join('') + text(name, { x: right, y: bottom + 16, fill: palette.muted, anchor: 'end' });
}

/**
 * An area from `bottom` up to each column's height, as an SVG path of `width` a column from `left` on; equal neighbors are one
 * step. A column without a height is left out.
 */
export function stepArea(
  heights: readonly (number | undefined)[],
  left: number,
  width: number,
  bottom: number,
): string {
  const round = (value: number): number => Math.round(value * 10) / 10;
  let commands = '';
  let at: number | undefined;
  heights.forEach((height, column) => {
    const y = height === undefined ? undefined : round(bottom - height);
    if (y === at) {
      return;
    }
    const x = round(left + column * width);
    if (at === undefined) {
      commands += `M${x} ${bottom}V${y ?? bottom}`;
    } else {
      commands += y === undefined ? `H${x}V${bottom}Z` : `H${x}V${y}`;
    }
    at = y;
  });
  return at === undefined ? commands : `${commands}H${round(left + heights.length * width)}V${bottom}Z`;
}
