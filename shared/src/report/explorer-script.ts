/** The script that makes the page's picture of traces one to explore: its data, and its code, which is the same for every page. */

import { createHash } from 'node:crypto';
import { bandsOf, highestOperations } from '../analysis/trace/bands.ts';
import type { NamedTrace } from '../analysis/trace/named-traces.ts';
import { scaleFromZero, tickStep } from '../format/charts/axes.ts';
import { pagePalette, tickText } from '../format/charts/palette.ts';
import { element } from '../format/charts/svg.ts';
import { stepArea, traceTitle } from '../format/charts/trace-chart.ts';
import { bandColors } from '../format/charts/trace-colors.ts';
import { printableJson } from '../printable.ts';
import { browserFunctions } from './explorer/index.js';
import type { ExplorerData } from './explorer-data.ts';
import { operationDetails } from './operation-details.ts';

const dataId = 'traces';

const { explore, ...browserTools } = browserFunctions;

/** By their text: the page has no other way to come by them, and a bundler may have renamed what is around them. */
const tools = Object.entries({
  bandsOf,
  highestOperations,
  stepArea,
  tickStep,
  operationDetails,
  ...browserTools,
}).map(([name, tool]) => `${name}: ${String(tool)}`);

const code = `'use strict';
(${String(explore)})(JSON.parse(document.getElementById('${dataId}').textContent), {
${tools.join(',\n')}
});`;

/** What a page's policy names the code by, so that it runs this and nothing else. */
export const explorerPolicy = `script-src 'sha256-${createHash('sha256').update(code).digest('base64')}'`;

/** Markup for the end of a page. */
export function explorerScript(traces: readonly NamedTrace[]): string {
  const stacks = traces.map(({ trace }) => bandsOf(trace));
  const { colorOf, legend } = bandColors(stacks, pagePalette);
  const most = stacks.reduce((top, { totals }) => totals.reduce((a, b) => Math.max(a, b), top), 1);
  const canvas = { width: 0, palette: pagePalette, unit: 'MB' } as const;
  const data: ExplorerData = {
    traces: traces.map(({ model, trace }, place) => ({
      title: traceTitle(model, trace, trace.peakBytes, canvas),
      trace,
      colors: (stacks[place]?.bands ?? []).map(({ name }) => colorOf(name)),
    })),
    ticks: scaleFromZero([most], [230, 0], 36).ticks.map((bytes) => ({
      bytes,
      label: tickText(bytes, canvas),
    })),
    legend,
  };
  // Nothing of it can end the element that it stands in.
  const json = printableJson(data).replaceAll('<', '\\u003c');
  return element('script', { type: 'application/json', id: dataId }, json) + element('script', {}, code);
}
