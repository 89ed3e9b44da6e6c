/** `tidemark cancel [RUN]`: ends a run of the daemon that waits or is at work. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { SingleRunDocument } from '@tidemark/shared/protocol/daemon-documents.ts';
import { printResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { runTitle } from '../reports/run-words.ts';
import { parseRunId } from '../runs/run-documents.ts';

export function addCancelCommand(program: Command): void {
  const command = program
    .command('cancel')
    .summary('end a run that waits or is at work')
    .description(
      'Ends a run of the daemon; without a number the one that is at work. The iterations until there are kept. Needs a daemon.',
    )
    .addArgument(new Argument('[run]', 'its number, as `tidemark status` shows it').argParser(parseRunId))
    .addHelpText('after', '\nExamples:\n  $ tidemark cancel\n  $ tidemark cancel 13\n');
  printResult(command, (context, given: number | undefined) =>
    withDaemon(context, async (daemon) => {
      const runId = given ?? (await daemon.call('status', {})).current?.record.id;
      if (runId === undefined) {
        throw new TidemarkError('not-found', 'No run is at work.', {
          hint: '`tidemark status` shows what waits.',
        });
      }
      const record = await daemon.call('cancel', { runId }, { timeoutMilliseconds: 60_000 });
      const document: SingleRunDocument = { ...headOf('run'), record, samples: [] };
      const { samplesTaken } = record;
      return {
        document,
        text: () =>
          `Run #${runId}, ${runTitle(record)}, is ${record.state}; ` +
          `${samplesTaken} ${samplesTaken === 1 ? 'iteration is' : 'iterations are'} kept.`,
      };
    }),
  );
}
