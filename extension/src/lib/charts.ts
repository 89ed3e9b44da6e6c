/** Charts as images for a detail's markdown: SVG in a data URI, in the colours of Raycast's appearance. */

import { environment } from '@raycast/api';
import { lineChart } from '../../../shared/src/format/charts/line-chart.ts';
import { stackedBars } from '../../../shared/src/format/charts/stacked-bars.ts';
import { darkPalette, lightPalette } from '../../../shared/src/format/charts/svg.ts';
import type { Palette } from '../../../shared/src/format/charts/svg.ts';
import { waterfall } from '../../../shared/src/format/charts/waterfall.ts';
import type { WaterfallStep } from '../../../shared/src/format/charts/waterfall.ts';
import { formatCount } from '../../../shared/src/format/numbers.ts';
import type { IterationSample } from '../../../shared/src/protocol/profile-document.ts';
import { amount, signedAmount } from './memory-words.ts';
import { unitBytes } from './preferences.ts';
import type { MemoryUnit } from './preferences.ts';

/** Points that a detail has room for. */
export const widths = {
  /** Beside a list. */
  list: 420,
  /** Beside a detail's metadata. */
  detail: 450,
} as const;

export interface ChartOptions {
  readonly width: number;
  readonly unit: MemoryUnit;
  /** Default: Raycast's own. */
  readonly appearance?: 'light' | 'dark';
}

const paletteOf = (appearance: 'light' | 'dark' = environment.appearance): Palette =>
  appearance === 'dark' ? darkPalette : lightPalette;

/** Markdown for an image; `svg` has to say its own width and height. */
export function svgImage(svg: string, alternative: string): string {
  const [, width, height] = /<svg[^>]*? width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const size =
    width === undefined || height === undefined ? '' : `?raycast-width=${width}&raycast-height=${height}`;
  const words = alternative.replaceAll(/[[\]\n]/g, ' ');
  return `![${words}](data:image/svg+xml;base64,${Buffer.from(svg, 'utf8').toString('base64')}${size})`;
}

/** More points than this are drawn as fewer, each the highest of its neighbours. */
const mostPoints = 160;

export interface Series {
  readonly labels: readonly string[];
  readonly active: readonly number[];
  readonly peak: readonly number[];
  readonly warmup: number;
  readonly confirmationAt?: number;
}

/** What is drawn of iterations; `confirmation` are those of the leak rule's second look. */
export function seriesOf(
  samples: readonly IterationSample[],
  confirmation: readonly IterationSample[] = [],
): Series {
  const all = [...samples, ...confirmation];
  const warmup = samples.filter((sample) => sample.warmup).length;
  const each = Math.max(1, Math.ceil(all.length / mostPoints));
  const groups = Array.from({ length: Math.ceil(all.length / each) }, (_, place) =>
    all.slice(place * each, (place + 1) * each),
  );
  const highest = (of: (sample: IterationSample) => number): number[] =>
    groups.map((group) => Math.max(...group.map(of)));
  return {
    labels: groups.map((_, place) => {
      const first = place * each;
      return first < warmup ? `w${first + 1}` : String(first - warmup + 1);
    }),
    active: highest(({ activeBytes }) => activeBytes),
    peak: highest(({ peakBytes }) => peakBytes),
    warmup: Math.floor(warmup / each),
    ...(confirmation.length === 0 || samples.length === 0
      ? {}
      : { confirmationAt: Math.max(1, Math.floor(samples.length / each)) }),
  };
}

const tick =
  (unit: MemoryUnit) =>
  (bytes: number): string =>
    formatCount(Math.round((bytes / unitBytes[unit]) * 100) / 100);

/** Active memory and peak by iteration; empty without one. Markdown. */
export function memoryChart(
  model: string,
  series: Series,
  { width, unit, appearance }: ChartOptions,
): string {
  if (series.peak.length === 0) {
    return '';
  }
  const title = `Active and peak memory of ${model} by iteration, in ${unit}`;
  return svgImage(
    lineChart({
      title,
      lines: [
        { name: 'peak', values: series.peak },
        { name: 'active', values: series.active },
      ],
      width,
      height: Math.round(width * 0.52),
      palette: paletteOf(appearance),
      xLabel: series.warmup > 0 ? 'iteration (hollow: warm-up)' : 'iteration',
      yLabel: unit,
      formatValue: tick(unit),
      labels: series.labels,
      hollow: series.warmup,
      ...(series.confirmationAt === undefined
        ? {}
        : { divider: { at: series.confirmationAt, label: 'confirmation' } }),
    }),
    title,
  );
}

export interface ModelBar {
  readonly model: string;
  readonly activeBytes: number;
  readonly peakBytes: number;
}

/** Peaks of several models beside each other, each as active memory and what came on top. Markdown. */
export function peakBars(models: readonly ModelBar[], { width, unit, appearance }: ChartOptions): string {
  if (models.length === 0) {
    return '';
  }
  const title = `Median peak by model, in ${unit}`;
  return svgImage(
    stackedBars({
      title,
      bars: models.map(({ model, activeBytes, peakBytes }) => ({
        label: model,
        parts: [
          { name: 'active', value: activeBytes },
          { name: 'transient', value: Math.max(0, peakBytes - activeBytes) },
        ],
      })),
      width,
      palette: paletteOf(appearance),
      xLabel: `median peak in ${unit}`,
      formatTick: tick(unit),
      formatValue: (bytes) => amount(bytes, unit),
    }),
    title,
  );
}

/** How parts add up. Markdown. */
export function partsChart(
  title: string,
  steps: readonly WaterfallStep[],
  { width, unit, appearance }: ChartOptions,
): string {
  return svgImage(
    waterfall({
      title,
      steps,
      width,
      palette: paletteOf(appearance),
      xLabel: `memory in ${unit}`,
      formatTick: tick(unit),
      formatValue: (value, kind) =>
        kind === 'part' && value < 0 ? signedAmount(value, unit) : amount(value, unit),
    }),
    title,
  );
}
