/** `tidemark logs`: what the daemon did, from its log. */

import { join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatLine, isAtLeast } from '../../logging/format-line.ts';
import { logFileName, logFolder, logLevels } from '../../logging/log.ts';
import type { LogLevel } from '../../logging/log.ts';
import { LogReader, logFilesOf } from '../../logging/read-log.ts';
import { dataFolder } from '../../paths.ts';
import { abortOnSignals, exitCodeOfError } from '../exit-codes.ts';
import { wholeNumber } from '../values.ts';

export interface LogsOptions {
  readonly lines: number;
  readonly follow?: true;
  readonly level: LogLevel;
  readonly json?: true;
  readonly verbose?: true;
}

const mostLines = 1_000_000;

export function addLogsCommand(program: Command): void {
  const command = program
    .command('logs')
    .summary("show the daemon's log")
    .description(
      "Shows the last lines of the daemon's log, whether it runs or not: when, how grave, what, and the figures that belong " +
        'to it. Older files of the log are read where the newest does not hold as many lines.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark logs
  $ tidemark logs --follow --level warn
  $ tidemark logs --lines 1000 --json | jq 'select(.run == 7)'
`,
    );
  addLogsOptions(command).action((options: LogsOptions) =>
    showLogs(join(logFolder(dataFolder()), logFileName), options),
  );
}

export function addLogsOptions(command: Command): Command {
  return command
    .option('-n, --lines <n>', 'how many of the last lines', wholeNumber(0, mostLines), 50)
    .option('-f, --follow', 'go on with the lines that come, until Ctrl-C')
    .addOption(
      new Option('--level <level>', 'leave out what is less grave')
        .choices([...logLevels])
        .default('debug', 'all'),
    )
    .option('--json', 'print the lines as they are: one JSON object each')
    .option('--verbose', 'with the stacks of errors');
}

/** Throws 'not-found' where no daemon has written a log yet. */
export async function showLogs(file: string, options: LogsOptions): Promise<void> {
  if ((await logFilesOf(file)).length === 0) {
    throw new TidemarkError('not-found', `There is no log yet: no daemon has written to “${file}”.`, {
      hint: 'Start one with `tidemark service install`, or in this terminal with `tidemark daemon`.',
    });
  }
  const isWanted = (line: string): boolean => isAtLeast(line, options.level);
  const show = (line: string): void => {
    const text =
      options.json === true
        ? line
        : formatLine(line, { verbose: options.verbose === true, now: new Date(), stream: process.stdout });
    process.stdout.write(`${text}\n`);
  };
  await using reader = await LogReader.open(file);
  for (const line of await reader.lastLines(options.lines, isWanted)) {
    show(line);
  }
  if (options.follow === true) {
    const signal = abortOnSignals(() => undefined);
    const onLine = (line: string): void => {
      if (isWanted(line)) {
        show(line);
      }
    };
    await reader.follow({ signal, onLine });
    process.exitCode = exitCodeOfError(signal.reason);
  }
}
