/** A run of the history as text: what it was, and what it found. */

import { formatTable } from '@tidemark/shared/format/table.ts';
import { formatFacts } from '@tidemark/shared/format/wrap.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { outputWidth } from './layout.ts';
import { profileReport, sampleColumns, sampleRow } from './profile-report.ts';
import { endWords, momentWords, runTitle, stateWords, triggerWords } from './run-words.ts';
import { studyReport } from './study-report.ts';

export function showReport({ record, document, samples }: RunDetail, now: Date): string {
  const head = headLines(record, now);
  if (document !== undefined) {
    const report = document.kind === 'profile' ? profileReport(document) : studyReport(document);
    return [...head, '', report].join('\n');
  }
  return [
    ...head,
    '',
    ...(samples.length === 0
      ? ['It has no iterations.']
      : [
          formatTable(
            sampleColumns,
            samples.map((sample) => sampleRow(sample, record.warmupIterations)),
          ),
        ]),
  ].join('\n');
}

function headLines(record: RunRecord, now: Date): string[] {
  const { id, models, state, startedAt, queuedAt, signal, error } = record;
  return formatFacts(
    [
      { label: `Run #${id}`, lines: [runTitle(record)] },
      { label: 'Models', lines: needsPaths(models) ? [models.join(', ')] : [] },
      {
        label: 'Began',
        lines: [
          `${startedAt === undefined ? 'not yet; queued ' : ''}${momentWords(startedAt ?? queuedAt, now)}, ${triggerWords(record)}`,
        ],
      },
      {
        label: 'Ended',
        lines: isOpen(state)
          ? [`not yet: ${stateWords[state]}; \`tidemark watch\` follows it`]
          : [
              `${endWords(record)}${signal === undefined ? '' : ` (${signal})`}`,
              ...(error?.hint === undefined ? [] : [error.hint]),
            ],
      },
    ],
    { maxWidth: outputWidth() },
  );
}

/** Where the title has only some of them, or only the last part of a folder. */
const needsPaths = (models: readonly string[]): boolean =>
  models.length > 1 || models.some((model) => model.startsWith('/'));
