/** Active memory and the peak over the iterations, as lines; and the cache, where it was kept. */

import type { IterationSample } from '../../protocol/profile-document.ts';
import { dashes, legend, scaleFromZero } from './axes.ts';
import type { Scale } from './axes.ts';
import { seriesColor, tickText } from './palette.ts';
import type { Canvas, Palette } from './palette.ts';
import { drawing, element, text, textWidth } from './svg.ts';

/** The points of a chart. */
interface IterationSeries {
  /** `w1`, … in the warm-up, then numbers from 1. */
  readonly labels: readonly string[];
  readonly active: readonly number[];
  readonly peak: readonly number[];
  /** Where it was kept from one iteration to the next. */
  readonly cache: readonly number[] | undefined;
  /** Points with a length that was not said before. */
  readonly fresh: readonly number[];
  /** Leading points of the warm-up. */
  readonly warmup: number;
  /** The point that the confirmation run begins with. */
  readonly confirmationAt: number | undefined;
  /** How many iterations a point stands for. */
  readonly each: number;
}

/** What is drawn of an iteration. */
export type ChartedSample = Pick<
  IterationSample,
  'warmup' | 'activeBytes' | 'peakBytes' | 'cacheBytes' | 'newShapes'
>;

/** At most `mostPoints` points: of more iterations, neighbors are one point, by the highest of them. */
export function iterationSeries(
  samples: readonly ChartedSample[],
  confirmation: readonly ChartedSample[],
  mostPoints: number,
  { keepCache = false }: { readonly keepCache?: boolean | undefined } = {},
): IterationSeries {
  const all = [...samples, ...confirmation];
  const warmup = samples.filter((sample) => sample.warmup).length;
  const each = Math.max(1, Math.ceil(all.length / mostPoints));
  const groups = Array.from({ length: Math.ceil(all.length / each) }, (_, place) =>
    all.slice(place * each, (place + 1) * each),
  );
  const highest = (of: (sample: ChartedSample) => number): number[] =>
    groups.map((group) => Math.max(...group.map(of)));
  return {
    labels: groups.map((_, place) => {
      const first = place * each;
      return first < warmup ? `w${first + 1}` : String(first - warmup + 1);
    }),
    active: highest(({ activeBytes }) => activeBytes),
    peak: highest(({ peakBytes }) => peakBytes),
    cache: keepCache ? highest(({ cacheBytes }) => cacheBytes) : undefined,
    fresh: keepCache
      ? groups.flatMap((group, place) => (group.some(({ newShapes = 0 }) => newShapes > 0) ? [place] : []))
      : [],
    // A group that the warm-up only begins is drawn as measured.
    warmup: Math.floor(warmup / each),
    confirmationAt:
      confirmation.length === 0 || samples.length === 0
        ? undefined
        : Math.max(1, Math.floor(samples.length / each)),
    each,
  };
}

/** More values than this are drawn without a mark for each. */
const mostMarks = 60;
/** More values than this are not read out one by one. */
const mostDescribed = 40;
const height = 230;

/**
 * Lines from zero, so that their heights compare; each with its own dash, named in a legend above. `atLeast` is the least that the
 * scale reaches up to, so that several charts compare.
 */
export function iterationChart(model: string, series: IterationSeries, canvas: Canvas, atLeast = 0): string {
  const { width, palette, unit } = canvas;
  const { labels, warmup, confirmationAt } = series;
  const lines = [
    { name: 'peak', values: series.peak },
    { name: 'active', values: series.active },
    ...(series.cache === undefined ? [] : [{ name: 'cache', values: series.cache }]),
  ];
  const key = legend(
    lines.map(({ name }) => name),
    'line',
    canvas,
  );
  const top = key.height + 22;
  const bottom = height - 38;
  const y = scaleFromZero([atLeast, ...lines.flatMap(({ values }) => values)], [bottom, top], 32);
  const left = 10 + Math.max(...y.ticks.map((tick) => textWidth(tickText(tick, canvas))));
  const right = width - 12;
  const x = (index: number): number =>
    left + (labels.length <= 1 ? 0.5 : index / (labels.length - 1)) * (right - left);

  const muted = { fill: palette.muted };
  const grid = y.ticks.map(
    (tick) =>
      element('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), stroke: palette.grid }) +
      text(tickText(tick, canvas), { x: left - 6, y: y(tick) + 4, anchor: 'end', ...muted }),
  );
  const labelWidth = 12 + Math.max(...labels.map((label) => textWidth(label)));
  const every = Math.ceil((labels.length * labelWidth) / (right - left));
  const iterations = labels.map((label, index) =>
    index % every === 0 ? text(label, { x: x(index), y: bottom + 19, anchor: 'middle', ...muted }) : '',
  );
  const names =
    text(axisName(series), {
      x: (left + right) / 2,
      y: height - 6,
      anchor: 'middle',
      ...muted,
    }) + text(unit, { x: 4, y: key.height + 12, ...muted });
  const divider =
    confirmationAt === undefined
      ? ''
      : confirmationBorder((x(confirmationAt - 1) + x(confirmationAt)) / 2, { top, bottom, right, palette });
  const fresh = series.fresh.map((place) => freshMark(x(place), bottom, palette));
  const drawn = lines.map(({ values }, order) => path(values, { order, x, y, palette, warmup }));
  const description = lines
    .map(
      ({ name, values }) =>
        `${name}: ${described(values)
          .map((value) => tickText(value, canvas))
          .join(', ')}`,
    )
    .join('. ');
  return drawing(
    {
      width,
      height,
      title: `${series.cache === undefined ? 'Active and peak memory' : 'Active memory, peak memory, and cache'} of ${model} by iteration, in ${unit}`,
      description: [description, ...freshDescription(series)].join('. '),
    },
    [key.markup, ...grid, ...iterations, names, divider, ...drawn, ...fresh].join(''),
  );
}

function axisName({ warmup, fresh }: IterationSeries): string {
  const marks = [...(warmup > 0 ? ['hollow: warm-up'] : []), ...(fresh.length > 0 ? ['▲: new length'] : [])];
  return marks.length === 0 ? 'iteration' : `iteration (${marks.join('; ')})`;
}

/** Below the axis, where no line hides it. */
const freshMark = (middle: number, bottom: number, palette: Palette): string =>
  element('path', {
    d: `M${(middle - 3).toFixed(1)} ${bottom + 7}L${(middle + 3).toFixed(1)} ${bottom + 7}L${middle.toFixed(1)} ${bottom + 2}Z`,
    fill: palette.text,
  });

const freshDescription = ({ labels, fresh }: IterationSeries): string[] =>
  fresh.length === 0 ? [] : [`new lengths: ${fresh.map((place) => labels[place] ?? '').join(', ')}`];

/** Of many values the first, the lowest, the highest and the last. */
function described(values: readonly number[]): readonly number[] {
  const [first, last] = [values[0], values.at(-1)];
  return values.length <= mostDescribed || first === undefined || last === undefined
    ? values
    : [first, Math.min(...values), Math.max(...values), last];
}

interface Area {
  readonly top: number;
  readonly bottom: number;
  readonly right: number;
  readonly palette: Palette;
}

/** A line across, before the confirmation run, with its name on the side that has room. */
function confirmationBorder(middle: number, { top, bottom, right, palette }: Area): string {
  const label = 'confirmation run';
  const fits = middle + 5 + textWidth(label) <= right;
  return (
    element('line', {
      x1: middle,
      x2: middle,
      y1: top,
      y2: bottom,
      stroke: palette.muted,
      'stroke-dasharray': '3 3',
    }) +
    text(label, {
      x: middle + (fits ? 5 : -5),
      y: bottom - 6,
      fill: palette.muted,
      rim: palette.background,
      anchor: fits ? 'start' : 'end',
    })
  );
}

interface PathOptions {
  readonly order: number;
  readonly x: (index: number) => number;
  readonly y: Scale;
  readonly palette: Palette;
  readonly warmup: number;
}

/** One line with a mark for each value, hollow in the warm-up. */
function path(values: readonly number[], { order, x, y, palette, warmup }: PathOptions): string {
  const stroke = seriesColor(palette, order);
  const marks = values.map((value, index) =>
    element('circle', {
      cx: x(index),
      cy: y(value),
      r: index < warmup ? 3.5 : 2.2,
      fill: index < warmup ? 'none' : stroke,
      stroke,
    }),
  );
  return (
    element('path', {
      d: values
        .map((value, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)
        .join(''),
      fill: 'none',
      stroke,
      'stroke-width': 2,
      'stroke-dasharray': dashes[order % dashes.length],
      'stroke-linejoin': 'round',
    }) + (values.length > mostMarks ? '' : marks.join(''))
  );
}
