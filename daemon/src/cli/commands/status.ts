/** `tidemark status`: the daemon at a glance. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatFacts } from '@tidemark/shared/format/terminal.ts';
import { errorSchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { failedService } from '../../service/run-service.ts';
import { thisSystem } from '../../service/system.ts';
import { printResult } from '../command.ts';
import type { CommandResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { exitCodeWithoutDaemon } from '../exit-codes.ts';
import { addExamples } from '../program.ts';
import { outputWidth } from '../reports/layout.ts';
import { statusFacts } from '../reports/status-facts.ts';

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('show what the daemon is doing')
    .description(
      'Shows the daemon, its model host and memory, the current run, the queue, the next scheduled check, and alerts. Memory ' +
        'figures include their age.',
    );
  addExamples(
    command,
    [
      'tidemark status',
      'tidemark status --json | jq .host.memory.activeBytes',
      'tidemark status > /dev/null; test $? -eq 4 && tidemark service start',
    ],
    `Exit codes: 0 the daemon is running, ${exitCodeWithoutDaemon} the daemon is not running (with --json, the document is an ` +
      'error document), 1 the daemon did not answer the request.',
  );
  printResult(command, async (context) => {
    try {
      const status = await withDaemon(context, (daemon) => daemon.call('status', {}));
      return {
        document: status,
        text: () => formatFacts(statusFacts(status, new Date()), { maxWidth: outputWidth() }).join('\n'),
      };
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'no-daemon') {
        return await withoutDaemon(error);
      }
      throw error;
    }
  });
}

/** That the daemon is not running is an answer to this question, so it is on stdout, and no error is printed. */
async function withoutDaemon(error: TidemarkError): Promise<CommandResult> {
  const service = await failedService(thisSystem());
  return {
    document: { kind: 'error', schemaVersion: errorSchemaVersion, error: toErrorRecord(error) },
    text: () =>
      [
        error.message,
        ...(service === undefined
          ? []
          : [service.message, ...(service.hint === undefined ? [] : [service.hint])]),
        ...(error.hint === undefined ? [] : [error.hint]),
        'To start it at every login, run `tidemark service install`.',
        'Without a daemon, `tidemark profile` and `tidemark study` measure in their own process, and keep no history.',
      ].join('\n'),
    exitCode: exitCodeWithoutDaemon,
  };
}
