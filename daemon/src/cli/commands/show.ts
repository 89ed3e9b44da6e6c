/** `tidemark show RUN`: a run from the history, as it was printed when it ended. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import { formatFacts } from '@tidemark/shared/format/terminal.ts';
import { spokenTextWords } from '@tidemark/shared/format/workload.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { givenFile } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { outputWidth } from '../reports/layout.ts';
import { profileReport, samplesTable } from '../reports/profile-report.ts';
import { endWords, momentWords, runTitle, stateWord, triggerWords } from '../reports/run-words.ts';
import { studyReport } from '../reports/study-report.ts';
import { watchedReport } from '../reports/watched-report.ts';
import { checkPage, documentOfRun, keepPage, parseRunId, singleRun } from '../runs/run-documents.ts';
import { openRuns, runDetail } from '../runs/run-store.ts';

interface ShowOptions extends OutputOptions {
  readonly report?: string;
}

export function addShowCommand(program: Command): void {
  const command = program
    .command('show')
    .summary('print a run from the history')
    .description(
      'Prints the results of a run. With --json, prints its document, the same one that `tidemark profile --json` or `tidemark ' +
        'study --json` printed, which `report` and `compare` can read. For a run that ended without a document, prints a ' +
        'document of kind "run" with the iterations measured so far.',
    )
    .addArgument(
      new Argument('<run>', "the run's number, as listed by `tidemark runs`").argParser(parseRunId),
    );
  addExamples(command, [
    'tidemark show 12',
    'tidemark show 12 --report run-12.html',
    'tidemark show 12 --json > run-12.json',
  ]);
  printResult(command, async (context, runId: number, { report }: ShowOptions) => {
    await checkPage(report);
    await using store = await openRuns(context);
    const detail = await runDetail(store, runId);
    const isKept = await keepPage(report, () => documentOfRun(detail), context);
    return {
      document: detail.document ?? singleRun(detail.record, detail.samples),
      text: () => showReport(detail, new Date()),
      exitCode: isKept ? 0 : 1,
    };
  }).option('--report <file>', 'also write the run as an HTML page', givenFile);
}

function showReport({ record, document, samples }: RunDetail, now: Date): string {
  const head = headLines(record, now);
  if (document !== undefined) {
    return [...head, '', reportOf(document)].join('\n');
  }
  return [
    ...head,
    '',
    ...(samples.length === 0
      ? [isOpen(record.state) ? 'No iteration is complete yet.' : 'The run has no iterations.']
      : [samplesTable(samples, record.warmupIterations)]),
  ].join('\n');
}

function reportOf(document: RunDocument): string {
  switch (document.kind) {
    case 'profile':
      return profileReport(document);
    case 'study':
      return studyReport(document);
    case 'watch':
      return watchedReport(document);
  }
}

function headLines(record: RunRecord, now: Date): string[] {
  const { id, kind, models, voice, text, state, startedAt, queuedAt, signal, error } = record;
  return formatFacts(
    [
      { label: `Run #${id}`, lines: [runTitle(record)] },
      { label: 'Models', lines: needsPaths(models) ? [models.join(', ')] : [] },
      kind === 'watch'
        ? { label: 'Command', lines: text === undefined ? [] : [text] }
        : { label: 'Text', lines: [spokenTextWords(record, 200)] },
      { label: 'Voice', lines: voice === undefined ? [] : [voice] },
      {
        label: 'Started',
        lines: [
          `${startedAt === undefined ? 'not yet; queued ' : ''}${momentWords(startedAt ?? queuedAt, now)}, ${triggerWords(record)}`,
        ],
      },
      {
        label: 'Ended',
        lines: isOpen(state)
          ? [`not yet (${stateWord(state)}); run \`tidemark watch\` to follow it`]
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
