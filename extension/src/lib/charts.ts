/** Charts as images for a detail's markdown: SVG in a data URI, in the colors of Raycast's appearance. */

import { environment } from '@raycast/api';
import { stackedBars, waterfall } from '@tidemark/client/format/charts/bars';
import type { WaterfallStep } from '@tidemark/client/format/charts/bars';
import { iterationChart, iterationSeries } from '@tidemark/client/format/charts/iteration-chart';
import type { ChartedSample } from '@tidemark/client/format/charts/iteration-chart';
import { darkPalette, lightPalette } from '@tidemark/client/format/charts/palette';
import type { Canvas } from '@tidemark/client/format/charts/palette';
import { traceChart } from '@tidemark/client/format/charts/trace-chart';
import type { ProfileSettings } from '@tidemark/client/protocol/profile-document';
import type { TracePicture } from '@tidemark/client/protocol/trace-picture';
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

function canvasOf({ width, unit, appearance = environment.appearance }: ChartOptions): Canvas {
  return { width, unit, palette: appearance === 'dark' ? darkPalette : lightPalette };
}

/** Markdown for an image; `svg` has to say its own title, width and height. */
export function svgImage(svg: string): string {
  const [, width, height] = /<svg[^>]*? width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const [, title = ''] = /<title>([^<]*)<\/title>/.exec(svg) ?? [];
  const size =
    width === undefined || height === undefined ? '' : `?raycast-width=${width}&raycast-height=${height}`;
  const words = title.replaceAll(/[[\]\n]/g, ' ');
  return `![${words}](data:image/svg+xml;base64,${Buffer.from(svg, 'utf8').toString('base64')}${size})`;
}

/** More points than this are drawn as fewer, each the highest of its neighbors. */
const mostPoints = 160;

/** Active memory and peak by iteration, and a cache that is kept; empty without one. Markdown. */
export function memoryChart(
  model: string,
  samples: readonly ChartedSample[],
  options: ChartOptions,
  confirmation: readonly ChartedSample[] = [],
  workload: Pick<ProfileSettings, 'keepCache'> = {},
): string {
  const series = iterationSeries(samples, confirmation, mostPoints, workload);
  return series.peak.length === 0 ? '' : svgImage(iterationChart(model, series, canvasOf(options)));
}

export interface ModelBar {
  readonly model: string;
  readonly activeBytes: number;
  readonly peakBytes: number;
}

/** Peaks of several models beside each other, each as active memory and what came on top. Markdown. */
export function peakBars(models: readonly ModelBar[], options: ChartOptions): string {
  if (models.length === 0) {
    return '';
  }
  const bars = models.map(({ model, activeBytes, peakBytes }) => ({
    label: model,
    parts: [
      { name: 'active', value: activeBytes },
      { name: 'transient', value: Math.max(0, peakBytes - activeBytes) },
    ],
  }));
  return svgImage(
    stackedBars({ title: 'Median peak by model', bars, axis: 'median peak' }, canvasOf(options)),
  );
}

/** How parts add up. Markdown. */
export const partsChart = (title: string, steps: readonly WaterfallStep[], options: ChartOptions): string =>
  svgImage(waterfall({ title, steps, axis: 'memory' }, canvasOf(options)));

/** Memory over the operations of traces, above each other on one scale; empty without one. Markdown. */
export const tracesChart = (pictures: readonly TracePicture[], options: ChartOptions): string =>
  pictures.length === 0
    ? ''
    : svgImage(
        traceChart(
          `Memory of ${[...new Set(pictures.map(({ model }) => model))].join(' and ')} by operation`,
          pictures,
          canvasOf(options),
        ),
      );
