/** `tidemark status`: the daemon at a glance. */

import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatFacts } from '@tidemark/shared/format/wrap.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { errorSchemaVersion } from '@tidemark/shared/protocol/error-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { printResult } from '../command.ts';
import type { CommandResult } from '../command.ts';
import { withDaemon } from '../daemon-connection.ts';
import { exitCodeWithoutDaemon } from '../exit-codes.ts';
import { outputWidth } from '../reports/layout.ts';
import {
  alertsFact,
  daemonFact,
  hostFact,
  lastCheckFact,
  memoryFact,
  noticesFact,
  placesFact,
  queueFact,
  runFact,
  scheduleFact,
} from '../reports/status-facts.ts';

export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .summary('show what the daemon is at')
    .description(
      'Shows the daemon, the model host that it keeps with its memory, the current run, the queue, the next check and the ' +
        'alerts. Every figure says how old it is.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark status
  $ tidemark status --json | jq .host.memory.activeBytes
  $ tidemark status > /dev/null; test $? -eq 4 && tidemark service start

Exit codes: 0 a daemon runs, ${exitCodeWithoutDaemon} none does (with --json the document is then an error's), 1 it could not be asked.
`,
    );
  printResult(command, async (context) => {
    try {
      const status = await withDaemon(context, (daemon) => daemon.call('status', {}));
      return { document: status, text: () => statusReport(status, new Date()) };
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'no-daemon') {
        return withoutDaemon(error);
      }
      throw error;
    }
  });
}

/** That none runs is an answer to this question, so it is on stdout, and no error is printed. */
function withoutDaemon(error: TidemarkError): CommandResult {
  return {
    document: { kind: 'error', schemaVersion: errorSchemaVersion, error: toErrorRecord(error) },
    text: () =>
      [
        error.message,
        ...(error.hint === undefined ? [] : [error.hint]),
        '`tidemark service install` starts it at every login.',
        'Without it, `tidemark profile` and `tidemark study` measure in a process of their own, and no history is kept.',
      ].join('\n'),
    exitCode: exitCodeWithoutDaemon,
  };
}

export const statusReport = (status: DaemonStatus, now: Date): string =>
  formatFacts(
    [
      daemonFact(status, now),
      placesFact(status),
      hostFact(status, now),
      memoryFact(status, now),
      runFact(status, now),
      queueFact(status),
      scheduleFact(status, now),
      alertsFact(status, now),
      lastCheckFact(status, now),
      noticesFact(status, now),
    ],
    { maxWidth: outputWidth() },
  ).join('\n');
