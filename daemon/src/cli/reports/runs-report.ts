/** Runs of the history as a table that fits its terminal. */

import { styleText } from 'node:util';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { inMegabytes } from './layout.ts';
import { beganAt, leakWords, modelWords, stateWords } from './run-words.ts';

interface Column {
  readonly column: TableColumn;
  readonly cell: (run: RunRecord) => string;
  /** In a terminal that is narrower than this, the column gives way. */
  readonly from?: number;
}

const nothing = '–';

const columns: readonly Column[] = [
  { column: figures('run'), cell: ({ id }) => `#${id}` },
  { column: { header: 'began' }, cell: (run) => formatDateTime(beganAt(run)), from: 72 },
  { column: { header: 'what' }, cell: whatWords },
  { column: { header: 'model' }, cell: ({ models }) => modelWords(models) },
  { column: { header: 'state' }, cell: ({ state }) => stateWords[state] },
  { column: figures('iterations'), cell: ({ samplesTaken }) => formatCount(samplesTaken), from: 130 },
  { column: figures('active MB'), cell: ({ figures: f }) => megabytes(f?.activeBytes), from: 96 },
  { column: figures('peak MB'), cell: ({ figures: f }) => megabytes(f?.peakBytes) },
  {
    column: figures('time'),
    cell: ({ figures: f }) => (f === undefined ? nothing : `${f.secondsPerIteration.toFixed(2)} s`),
    from: 110,
  },
  { column: { header: 'leak' }, cell: ({ leak }) => (leak === undefined ? nothing : leakWords[leak]) },
];

const megabytes = (bytes: number | undefined): string => (bytes === undefined ? nothing : inMegabytes(bytes));

function whatWords({ kind, trigger }: RunRecord): string {
  return trigger.kind === 'schedule' ? `“${trigger.scheduleName}”` : kind;
}

export interface RunsReportOptions {
  readonly total: number;
  readonly maxWidth?: number | undefined;
}

export function runsReport(runs: readonly RunRecord[], { total, maxWidth }: RunsReportOptions): string {
  const shown = columns.filter(({ from = 0 }) => (maxWidth ?? Infinity) >= from);
  const [header = '', rule = '', ...rows] = formatTable(
    shown.map(({ column }) => column),
    runs.map((run) => shown.map(({ cell }) => cell(run))),
    maxWidth === undefined ? {} : { maxWidth },
  ).split('\n');
  const lines = rows.map((row, index) => styled(row, runs[index]));
  const last = runs.at(-1);
  const rest = total - runs.length;
  return [
    header,
    rule,
    ...lines,
    ...(rest <= 0 || last === undefined
      ? []
      : ['', `${formatCount(rest)} more; the next ones: --before ${last.id}`]),
  ].join('\n');
}

/** What a person should look at stands out. */
function styled(row: string, run: RunRecord | undefined): string {
  if (run?.leak === 'leak' || run?.state === 'failed') {
    return styleText('red', row, { stream: process.stdout });
  }
  return run?.state === 'interrupted' ? styleText('yellow', row, { stream: process.stdout }) : row;
}
