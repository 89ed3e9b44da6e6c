/** `tidemark show RUN`: a run of the history, as it was printed when it was done. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SingleRunDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { printResult } from '../command.ts';
import type { OutputOptions } from '../command.ts';
import { showReport } from '../reports/show-report.ts';
import { checkPage, keepPage, parseRunId } from '../runs/run-documents.ts';
import { openRuns, runDetail } from '../runs/run-store.ts';

interface ShowOptions extends OutputOptions {
  readonly report?: string;
}

export function addShowCommand(program: Command): void {
  const command = program
    .command('show')
    .summary('print a run of the history')
    .description(
      'Prints what a run found, as it was printed after it. --json prints its document, the same that `tidemark profile --json` ' +
        'or `tidemark study --json` printed, which `report` and `compare` read; of a run that was ended before it could leave ' +
        'one, a document of the kind “run” with the iterations that it came to.',
    )
    .addArgument(new Argument('<run>', 'its number, as `tidemark runs` lists it').argParser(parseRunId))
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark show 12
  $ tidemark show 12 --report run-12.html
  $ tidemark show 12 --json > run-12.json
`,
    );
  printResult(command, async (context, runId: number, { report }: ShowOptions) => {
    await checkPage(report);
    await using store = await openRuns(context);
    const detail = await runDetail(store, runId);
    const isKept = await keepPage(report, () => documentFor(detail), context);
    return {
      document: detail.document ?? singleRun(detail),
      text: () => showReport(detail, new Date()),
      exitCode: isKept ? 0 : 1,
    };
  }).option('--report <file>', 'write it as one HTML page too');
}

const singleRun = ({ record, samples }: RunDetail): SingleRunDocument => ({
  ...headOf('run'),
  record,
  samples,
});

function documentFor({ record: { id }, document }: RunDetail): NonNullable<RunDetail['document']> {
  if (document === undefined) {
    throw new TidemarkError(
      'bad-document',
      `Run #${id} left no document behind that a page could be made of.`,
      {
        hint: `\`tidemark show ${id}\` prints what there is of it.`,
      },
    );
  }
  return document;
}
