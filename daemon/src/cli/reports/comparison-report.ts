/** A comparison as text: a table of what changed, and below it each change in words. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import type {
  ChangeStatus,
  ComparisonDocument,
  MetricChange,
  ModelChange,
} from '@tidemark/shared/protocol/comparison-document.ts';
import { column, figures, nothing, styled, tableOf } from './layout.ts';
import type { Column } from './layout.ts';

export function comparisonReport({ before, after, models, status, sentence }: ComparisonDocument): string {
  const changes = models.flatMap((model) => model.metrics.map((metric) => ({ model, ...metric })));
  return [
    `Before: ${before.file}, ${before.startedAt}`,
    `After:  ${after.file}, ${after.startedAt}`,
    '',
    tableOf(changes, columns),
    '',
    ...models.flatMap(notes),
    styled(colors[status], sentence),
  ].join('\n');
}

const colors: Readonly<Record<ChangeStatus, 'red' | 'green' | 'yellow' | 'bold'>> = {
  worse: 'red',
  better: 'green',
  inconclusive: 'yellow',
  same: 'bold',
};

type Change = MetricChange & { readonly model: ModelChange };

const columns: readonly Column<Change>[] = [
  column('model', ({ model }) => nameOf(model)),
  column('metric', ({ metric }) => (metric === 'seconds' ? 'time' : metric)),
  figures('before', ({ unit, before }) => amount(unit, before?.median)),
  figures('after', ({ unit, after }) => amount(unit, after?.median)),
  figures('difference', ({ unit, difference }) => amount(unit, difference?.estimate, true)),
  figures('share', ({ share }) => (share === undefined ? nothing : formatPercent(share, { sign: true }))),
  figures('counts from', ({ threshold }) => formatPercent(threshold)),
  column('verdict', ({ status }) => status),
];

function amount(unit: MetricChange['unit'], value: number | undefined, sign = false): string {
  if (value === undefined) {
    return nothing;
  }
  return unit === 'seconds'
    ? `${sign && value > 0 ? '+' : ''}${value.toFixed(2)} s`
    : formatBytes(value, { unit: 'MB', sign });
}

const nameOf = ({ before, after }: ModelChange): string =>
  before === after ? after : `${before} → ${after}`;

/** What a person should read besides the table and the last line, which says why something is inconclusive. */
function notes(model: ModelChange): string[] {
  const name = nameOf(model);
  const lines = [
    ...model.metrics
      .filter(({ status }) => status === 'worse' || status === 'better')
      .map(({ sentence }) => `${name}: ${sentence}`),
    ...model.newLeaks.map((channel) => `${name}: ${channelNames[channel]} leaks now, but did not before.`),
    ...model.warnings.map((warning) => `${name}: note: ${warning}`),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}
