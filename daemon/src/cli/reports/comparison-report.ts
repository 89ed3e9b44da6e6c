/** A comparison as text: a table of what changed, and below it each change in words. */

import { styleText } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import { formatTable } from '@tidemark/shared/format/table.ts';
import type {
  ChangeStatus,
  ComparisonDocument,
  MetricChange,
  ModelChange,
} from '@tidemark/shared/protocol/comparison-document.ts';

export function comparisonReport(document: ComparisonDocument): string {
  const { before, after, models, status, sentence } = document;
  const rows = models.flatMap((model) => model.metrics.map((metric) => row(model, metric)));
  return [
    `Before: ${before.file}, ${before.startedAt}`,
    `After:  ${after.file}, ${after.startedAt}`,
    '',
    formatTable(
      [
        { header: 'model' },
        { header: 'what' },
        { header: 'before', align: 'right' },
        { header: 'after', align: 'right' },
        { header: 'difference', align: 'right' },
        { header: 'share', align: 'right' },
        { header: 'counts from', align: 'right' },
        { header: 'verdict' },
      ],
      rows,
    ),
    '',
    ...models.flatMap(notes),
    styleText(colours[status], sentence, { stream: process.stdout }),
  ].join('\n');
}

const colours: Readonly<Record<ChangeStatus, 'red' | 'green' | 'yellow' | 'bold'>> = {
  worse: 'red',
  better: 'green',
  inconclusive: 'yellow',
  same: 'bold',
};

const nothing = '–';

const metricNames: Readonly<Record<MetricChange['metric'], string>> = {
  active: 'active',
  peak: 'peak',
  seconds: 'time',
};

function row(model: ModelChange, change: MetricChange): string[] {
  const { metric, unit, before, after, difference, share, threshold, status } = change;
  const amount = (value: number, sign = false): string =>
    unit === 'seconds'
      ? `${sign && value > 0 ? '+' : ''}${value.toFixed(2)} s`
      : formatBytes(value, { unit: 'MB', sign });
  return [
    nameOf(model),
    metricNames[metric],
    before === undefined ? nothing : amount(before.median),
    after === undefined ? nothing : amount(after.median),
    difference === undefined ? nothing : amount(difference.estimate, true),
    share === undefined ? nothing : formatPercent(share, { sign: true }),
    formatPercent(threshold),
    status,
  ];
}

const nameOf = ({ before, after }: ModelChange): string =>
  before === after ? after : `${before} → ${after}`;

/** What a person should read besides the table: everything that is not plainly the same. */
function notes(model: ModelChange): string[] {
  const name = nameOf(model);
  const lines = [
    ...model.metrics.filter(({ status }) => status !== 'same').map(({ sentence }) => `${name}: ${sentence}`),
    ...model.newLeaks.map((channel) => `${name}: ${channelNames[channel]} leaks, and did not before.`),
    ...model.warnings.map((warning) => `${name}: note: ${warning}`),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}
