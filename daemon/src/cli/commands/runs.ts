/** `tidemark runs`: the history's runs as a list, and their export, import and deletion. */

import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { RunsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { runStates } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { LeakSummary, RunKind, RunState } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context, OutputOptions } from '../command.ts';
import { outputWidth } from '../reports/layout.ts';
import { runsReport } from '../reports/runs-report.ts';
import { parseRunId } from '../runs/run-documents.ts';
import { openRuns } from '../runs/run-store.ts';
import { exportRuns, importRuns } from '../runs/runs-transfer.ts';
import { absoluteModel } from '../runs/subject.ts';
import { wholeNumber } from '../values.ts';

interface ListOptions extends OutputOptions {
  readonly model?: string;
  readonly state?: RunState;
  readonly leak?: LeakSummary;
  readonly kind?: RunKind;
  readonly schedule?: number;
  readonly limit: number;
  readonly before?: number;
}

const defaultLimit = 20;

export function addRunsCommand(program: Command): void {
  const runs = program
    .command('runs')
    .summary('list the runs of the history, and export or import them')
    .description(
      'The runs that the daemon has done, newest first. They are kept in a database, which this command reads by itself ' +
        'where no daemon runs.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark runs
  $ tidemark runs --leak leak --limit 5
  $ tidemark runs --model bf16 --state complete --json | jq '.runs[].figures.peakBytes'
  $ tidemark runs export history.jsonl
  $ tidemark runs import history.jsonl
  $ tidemark runs delete 12
`,
    );
  printResult(
    runs
      .command('list', { isDefault: true })
      .summary('list runs, newest first')
      .description(
        'Lists runs, newest first. Figures are those of the measured iterations; the peak is the median.',
      )
      .option('--model <model>', 'only of this model')
      .addOption(new Option('--state <state>', 'only in this state').choices(runStates))
      .addOption(
        new Option('--leak <verdict>', 'only with this verdict').choices(['leak', 'no-leak', 'inconclusive']),
      )
      .addOption(new Option('--kind <kind>', 'only profiles, or only studies').choices(['profile', 'study']))
      .option('--schedule <id>', 'only checks of this schedule', wholeNumber(1))
      .option('--limit <n>', 'so many at most', wholeNumber(1, 500), defaultLimit)
      .option('--before <run>', 'only older ones than this run', parseRunId),
    (context, options: ListOptions) => listRuns(options, context),
  );
  printResult(
    runs
      .command('export')
      .summary('write the runs to a file')
      .description(
        'Writes every run with its samples and its document, the schedules and the alerts, as one JSON object a line. Works ' +
          'beside a daemon and without one.',
      )
      .argument('<file>', 'the file to write; - for stdout'),
    (context, file: string, options: OutputOptions) => exportRuns(file, options, context),
  );
  printResult(
    runs
      .command('import')
      .summary('read runs from such a file into the history')
      .description(
        'Reads the runs of an export into the history, under numbers of their own. What the history has already is left as it is, ' +
          'so that the same file can be imported twice.',
      )
      .argument(
        '<file>',
        'what `tidemark runs export` wrote, or profiles and studies as --json printed them; - for stdin',
      ),
    (context, file: string) => importRuns(file, context),
  );
  printResult(
    runs
      .command('delete')
      .summary('delete a run for good')
      .description(
        'Deletes a run with its samples and its document, for good. A run that is at work has to be cancelled first.',
      )
      .addArgument(new Argument('<runs...>', 'their numbers').argParser(collectIds)),
    (context, ids: number[]) => deleteRuns(ids, context),
  );
}

async function listRuns(options: ListOptions, context: Context): Promise<CommandResult> {
  const { model, state, leak, kind, schedule, limit, before } = options;
  const filters = {
    ...(model === undefined ? {} : { model: modelFilter(model) }),
    ...(state === undefined ? {} : { state }),
    ...(leak === undefined ? {} : { leak }),
    ...(kind === undefined ? {} : { kind }),
    ...(schedule === undefined ? {} : { scheduleId: schedule }),
    ...(before === undefined ? {} : { before }),
  };
  const isFiltered = Object.keys(filters).length > 0;
  await using store = await openRuns(context);
  const { runs, total } = await store.ask('listRuns', { ...filters, limit });
  const document: RunsDocument = { ...headOf('runs'), runs, total };
  return {
    document,
    text: () =>
      runs.length === 0 ? emptyWords(isFiltered) : runsReport(runs, { total, maxWidth: outputWidth() }),
  };
}

/** A folder as runs are listed by it: by its whole path. What is no name today may have been one. */
function modelFilter(model: string): string {
  try {
    return absoluteModel(model);
  } catch {
    return model;
  }
}

const emptyWords = (isFiltered: boolean): string =>
  isFiltered
    ? 'No run is like that.'
    : 'There are no runs yet. With a daemon (`tidemark service install`, or `tidemark daemon`), `tidemark profile bf16` makes one.';

async function deleteRuns(ids: readonly number[], context: Context): Promise<CommandResult> {
  await using store = await openRuns(context);
  const deleted = [];
  for (const runId of ids) {
    const { record } = await store.ask('getRun', { runId, document: false, samples: 0 });
    await store.ask('deleteRun', { runId });
    deleted.push(record);
  }
  const document: RunsDocument = { ...headOf('runs'), runs: deleted, total: deleted.length };
  return { document, text: () => ids.map((id) => `Run #${id} is deleted.`).join('\n') };
}

const collectIds = (value: string, previous: number[] | undefined): number[] => [
  ...(previous ?? []),
  parseRunId(value),
];
