/** Two runs held against each other, as the text of a detail. */

import { formatDuration, formatPercent } from '../../../shared/src/format/numbers.ts';
import type {
  ChangeStatus,
  ComparisonDocument,
  MetricChange,
} from '../../../shared/src/protocol/comparison-document.ts';
import { peakBars } from './charts.ts';
import type { ChartOptions } from './charts.ts';
import { amount, signedAmount } from './memory-words.ts';
import type { MemoryUnit } from './preferences.ts';
import { blocks, table } from './run-markdown.ts';

const statusWords: Readonly<Record<ChangeStatus, string>> = {
  better: '▼ better',
  worse: '▲ worse',
  same: '● same',
  inconclusive: '◐ inconclusive',
};

const metricNames = { active: 'Active', peak: 'Peak', seconds: 'Time per iteration' } as const;

export function comparisonMarkdown(comparison: ComparisonDocument, options: ChartOptions): string {
  const { sentence, models, unmatched, status } = comparison;
  return blocks([
    `## ${statusWords[status]}`,
    sentence,
    ...models.flatMap(({ before, after, metrics, newLeaks, warnings }) => [
      before === after ? `### ${after}` : `### ${before} → ${after}`,
      bars(before, after, metrics, options),
      table(
        ['', 'Before', 'After', 'Difference', 'Verdict'],
        metrics.map((metric) => row(metric, options.unit)),
      ),
      newLeaks.length === 0 ? '' : `**New leaks:** ${newLeaks.join(', ')}.`,
      ...warnings.map((warning) => `> ${warning}`),
    ]),
    ...unmatched.map(
      ({ model, onlyIn }) => `${model} was measured only ${onlyIn === 'before' ? 'before' : 'after'}.`,
    ),
  ]);
}

function bars(
  before: string,
  after: string,
  metrics: readonly MetricChange[],
  options: ChartOptions,
): string {
  const find = (name: MetricChange['metric']): MetricChange | undefined =>
    metrics.find(({ metric }) => metric === name);
  const [active, peak] = [find('active'), find('peak')];
  if (
    active?.before === undefined ||
    active.after === undefined ||
    peak?.before === undefined ||
    peak.after === undefined
  ) {
    return '';
  }
  return peakBars(
    [
      {
        model: `before: ${before}`,
        activeBytes: active.before.median,
        peakBytes: peak.before.median,
      },
      { model: `after: ${after}`, activeBytes: active.after.median, peakBytes: peak.after.median },
    ],
    options,
  );
}

function row(
  { metric, unit, before, after, difference, share, status }: MetricChange,
  shown: MemoryUnit,
): string[] {
  const value = (middle: { median: number } | undefined): string =>
    middle === undefined
      ? '–'
      : unit === 'bytes'
        ? amount(middle.median, shown)
        : formatDuration(middle.median);
  const change =
    difference === undefined
      ? '–'
      : unit === 'bytes'
        ? signedAmount(difference.estimate, shown)
        : `${difference.estimate < 0 ? '−' : '+'}${formatDuration(Math.abs(difference.estimate))}`;
  const relative = share === undefined ? '' : ` (${formatPercent(share, { sign: true })})`;
  return [metricNames[metric], value(before), value(after), `${change}${relative}`, statusWords[status]];
}
