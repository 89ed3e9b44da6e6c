/** `tidemark cancel [RUN]`: cancels a queued or running run of the daemon. */

import { Argument } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { printResult } from '../command.ts';
import { cancelMilliseconds, withDaemon } from '../daemon-connection.ts';
import { addExamples } from '../program.ts';
import { runTitle, stateWord } from '../reports/run-words.ts';
import { parseRunId, singleRun } from '../runs/run-documents.ts';

export function addCancelCommand(program: Command): void {
  const command = program
    .command('cancel')
    .summary('cancel a queued or running run')
    .description(
      'Cancels a run of the daemon, by default the running one. The history keeps the iterations measured so far. Requires a ' +
        'running daemon.',
    )
    .addArgument(
      new Argument('[run]', "the run's number, as shown by `tidemark status`").argParser(parseRunId),
    );
  addExamples(command, ['tidemark cancel', 'tidemark cancel 13']);
  printResult(command, (context, given: number | undefined) =>
    withDaemon(context, async (daemon) => {
      const runId = given ?? (await daemon.call('status', {})).current?.record.id;
      if (runId === undefined) {
        throw new TidemarkError('not-found', 'No run is in progress.', {
          hint: 'Run `tidemark status` to see queued runs.',
        });
      }
      const record = await daemon.call(
        'cancel',
        { runId },
        { timeoutMilliseconds: cancelMilliseconds, signal: context.signal },
      );
      return {
        document: singleRun(record),
        text: () =>
          `Run #${runId}, ${runTitle(record)}, is ${stateWord(record.state)}; kept ${counted(record.samplesTaken, 'iteration')}` +
          (record.unsaved === true
            ? ' in memory: the history cannot be written at the moment, see `tidemark status`.'
            : '.'),
      };
    }),
  );
}
