/** `tidemark runs`: the history's runs as a list, and their export, import, and deletion. */

import { Argument, InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { formatDateTime } from '@tidemark/shared/format/dates.ts';
import { spokenTextWords } from '@tidemark/shared/format/workload.ts';
import { counted, formatCount } from '@tidemark/shared/format/numbers.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { RunsDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { longestSearch } from '@tidemark/shared/protocol/daemon/methods.ts';
import { runStates } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type {
  LeakSummary,
  RunKind,
  RunRecord,
  RunState,
  UnreadableRow,
} from '@tidemark/shared/protocol/daemon/run-record.ts';
import { engines } from '@tidemark/shared/protocol/workload.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printable } from '@tidemark/shared/printable.ts';
import { printResult } from '../command.ts';
import type { CommandResult, Context } from '../command.ts';
import { givenFile, givenModel } from '../given-names.ts';
import { addExamples } from '../program.ts';
import { column, figures, inMegabytes, nothing, outputWidth, styled, tableOf } from '../reports/layout.ts';
import type { Column } from '../reports/layout.ts';
import { modelWords, startOf, stateWord, unreadableLines, verdictWord } from '../reports/run-words.ts';
import { parseRunId } from '../runs/run-documents.ts';
import { openRuns } from '../runs/run-store.ts';
import { exportRuns, importRuns } from '../runs/runs-transfer.ts';
import { wholeNumber } from '../values.ts';

interface ListOptions {
  readonly engine?: EngineName;
  readonly model?: string;
  readonly state?: RunState;
  readonly leak?: LeakSummary;
  readonly kind?: RunKind;
  readonly schedule?: number;
  readonly limit: number;
  readonly before?: number;
  readonly search?: string;
}

export function addRunsCommand(program: Command): void {
  const runs = program
    .command('runs')
    .summary('list, export, import, and delete runs')
    .description(
      'Manages the runs that the daemon has executed. They are kept in a database, which this command reads directly if the ' +
        'daemon is not running.',
    );
  addExamples(runs, [
    'tidemark runs',
    'tidemark runs --leak leak --limit 5',
    "tidemark runs --search 'bf16 quick fox'",
    "tidemark runs --model bf16 --state complete --json | jq '.runs[].figures.peakBytes'",
    'tidemark runs export history.jsonl',
    'tidemark runs import history.jsonl',
    'tidemark runs delete 12',
  ]);
  printResult(
    runs
      .command('list', { isDefault: true })
      .summary('list runs, newest first (default)')
      .description(
        'Lists runs, newest first. Figures cover the measured iterations; the peak is their median.',
      )
      .addOption(
        new Option(
          '--search <words>',
          'only runs with all of these words in their number, model, voice, text, schedule, engine, kind, state, or verdict',
        ).argParser(searchWords),
      )
      .option('--model <model>', 'only runs of this model')
      .addOption(new Option('--state <state>', 'only runs in this state').choices(runStates))
      .addOption(
        new Option('--leak <verdict>', 'only runs with this verdict').choices([
          'leak',
          'no-leak',
          'inconclusive',
        ]),
      )
      .addOption(
        new Option('--kind <kind>', 'only profiles, studies, or watched programs').choices([
          'profile',
          'study',
          'watch',
        ]),
      )
      .addOption(new Option('--engine <name>', 'only profiles and studies by this engine').choices(engines))
      .option('--schedule <id>', 'only checks of this schedule', wholeNumber(1))
      .option('--limit <n>', 'maximum number of runs', wholeNumber(1, 500), 20)
      .option('--before <run>', 'only runs older than this one', parseRunId),
    listRuns,
  );
  printResult(
    runs
      .command('export')
      .summary('export all runs to a file')
      .description(
        'Writes every run with its samples and document, all schedules, and all alerts, as one JSON object per line. Works ' +
          'whether or not the daemon is running.',
      )
      .argument('<file>', 'file to write, or - for stdout', givenFile),
    exportRuns,
  );
  printResult(
    runs
      .command('import')
      .summary('import runs from a file')
      .description(
        'Adds the runs of an export to the history, under new numbers. Leaves what is already there unchanged, so the same file ' +
          'can be imported twice. Imported schedules are paused.',
      )
      .argument(
        '<file>',
        'file written by `tidemark runs export`, or profiles and studies written with --json; - for stdin',
        givenFile,
      ),
    importRuns,
  );
  printResult(
    runs
      .command('delete')
      .summary('delete runs permanently')
      .description('Permanently deletes runs with their samples and documents. Cancel a running run first.')
      .addArgument(new Argument('<runs...>', 'numbers of the runs').argParser(collectIds)),
    deleteRuns,
  );
}

async function listRuns(context: Context, options: ListOptions): Promise<CommandResult> {
  const { model, state, leak, kind, engine, schedule, limit, before, search } = options;
  const filters = {
    model: model === undefined ? undefined : modelFilter(model),
    state,
    leak,
    kind,
    engine,
    scheduleId: schedule,
    before,
    search,
  };
  const isFiltered = Object.values(filters).some((filter) => filter !== undefined);
  await using store = await openRuns(context);
  const document: RunsDocument = {
    ...headOf('runs'),
    ...(await store.ask('listRuns', { ...filters, limit })),
  };
  return {
    document,
    text: () =>
      [
        document.runs.length === 0 ? emptyWords(isFiltered, search) : runsTable(document, outputWidth()),
        ...unreadableLines(document.unreadable, unreadableRun),
      ].join('\n'),
  };
}

/** A folder as runs are listed by it: by its whole path. What is no name today may have been one. */
function modelFilter(model: string): string {
  try {
    return givenModel(model);
  } catch {
    return model;
  }
}

function searchWords(value: string): string {
  const words = value.trim();
  if (words === '' || words.length > longestSearch) {
    throw new InvalidArgumentError(`Give the words to search for, at most ${longestSearch} characters.`);
  }
  return words;
}

const unreadableRun = (id: number): readonly [what: string, command: string] => [
  `Run #${id}`,
  `tidemark runs delete ${id}`,
];

const emptyWords = (isFiltered: boolean, search: string | undefined): string =>
  isFiltered
    ? `No runs match${search === undefined ? '' : ` “${printable(search)}”`}.`
    : 'There are no runs yet. Start a daemon with `tidemark service install` or `tidemark daemon`; then `tidemark profile bf16` ' +
      'records a run.';

interface RunColumn extends Column<RunRecord> {
  /** In a terminal that is narrower than this, the column is left out. */
  readonly from?: number;
}

const columns: readonly RunColumn[] = [
  figures('run', ({ id }) => `#${id}`),
  { ...column('started', (run) => formatDateTime(startOf(run))), from: 72 },
  {
    ...column('what', ({ kind, trigger, workload = {} }) => {
      const what = trigger.kind === 'schedule' ? `“${trigger.scheduleName}”` : kind;
      const { texts, keepCache, engine = [], engines = [] } = workload;
      const counts = texts === undefined ? [] : counted(texts, 'text');
      return [what, engine, ...engines, counts, keepCache === true ? 'cache kept' : []].flat().join(', ');
    }),
    from: 56,
  },
  column('model', ({ models }) => modelWords(models)),
  column('state', ({ state }) => stateWord(state)),
  { ...figures('iterations', ({ samplesTaken }) => formatCount(samplesTaken)), from: 130 },
  {
    ...figures('active MB', ({ figures: f }) => (f === undefined ? nothing : inMegabytes(f.activeBytes))),
    from: 96,
  },
  figures('peak MB', ({ figures: f }) => (f === undefined ? nothing : inMegabytes(f.peakBytes))),
  {
    ...figures('time', ({ figures: f }) =>
      f === undefined ? nothing : `${f.secondsPerIteration.toFixed(2)} s`,
    ),
    from: 110,
  },
  column('leak', ({ leak }) => (leak === undefined ? nothing : verdictWord(leak))),
  { ...column('text', (run) => spokenTextWords(run, 40)), from: 140 },
];

function runsTable({ runs, total, unreadable = [] }: RunsDocument, maxWidth: number | undefined): string {
  const shown = columns.filter(({ from = 0 }) => (maxWidth ?? Infinity) >= from);
  const [header = '', rule = '', ...rows] = tableOf(runs, shown, maxWidth).split('\n');
  const last = runs.at(-1);
  const rest = total - runs.length - unreadable.length;
  return [
    header,
    rule,
    ...rows.map((row, index) => highlighted(row, runs[index])),
    ...(rest <= 0 || last === undefined
      ? []
      : ['', `${formatCount(rest)} more; use --before ${last.id} to list the next ones.`]),
  ].join('\n');
}

/** What a person should look at stands out. */
function highlighted(row: string, run: RunRecord | undefined): string {
  if (run?.leak === 'leak' || run?.state === 'failed') {
    return styled('red', row);
  }
  return run?.state === 'interrupted' ? styled('yellow', row) : row;
}

async function deleteRuns(context: Context, ids: readonly number[]): Promise<CommandResult> {
  await using store = await openRuns(context);
  const deleted: RunRecord[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const runId of ids) {
    try {
      deleted.push((await store.ask('getRun', { runId, document: false, samples: 0 })).record);
    } catch (error) {
      // What cannot be read can be deleted all the same.
      if (!(error instanceof TidemarkError && error.code === 'history')) {
        throw error;
      }
      unreadable.push({ id: runId, reason: error.message });
    }
    await store.ask('deleteRun', { runId });
  }
  const document: RunsDocument = {
    ...headOf('runs'),
    runs: deleted,
    total: ids.length,
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
  return { document, text: () => ids.map((id) => `Deleted run #${id}.`).join('\n') };
}

const collectIds = (value: string, previous: number[] | undefined): number[] => [
  ...(previous ?? []),
  parseRunId(value),
];
