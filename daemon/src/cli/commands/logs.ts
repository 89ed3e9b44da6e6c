/** `tidemark logs`: the daemon's log. */

import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { logFileName, logFolder } from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatLine, isAtLeast, logLevels } from '@tidemark/shared/format/log-line.ts';
import type { LogLevel } from '@tidemark/shared/format/log-line.ts';
import { errnoOf, readError } from '../../files/storage-errors.ts';
import { LogReader, logFilesOf } from '../../logging/read-log.ts';
import { dataFolder } from '../../paths.ts';
import { abortOnSignals, exitCodeOfError } from '../exit-codes.ts';
import { writeJsonLine, writeText } from '../output.ts';
import { addExamples } from '../program.ts';
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
      "Shows the last lines of the daemon's log, even if the daemon is not running: time, level, message, and the values that " +
        'belong to it. Reads older log files when the newest one has fewer lines.',
    );
  addExamples(command, [
    'tidemark logs',
    'tidemark logs --follow --level warn',
    "tidemark logs --lines 1000 --json | jq 'select(.run == 7)'",
  ]);
  addLogsOptions(command).action((options: LogsOptions) =>
    showLogs(join(logFolder(dataFolder()), logFileName), options),
  );
}

export function addLogsOptions(command: Command): Command {
  return command
    .option('-n, --lines <n>', 'number of lines to show, counted from the end', wholeNumber(0, mostLines), 50)
    .option('-f, --follow', 'keep printing new lines until Ctrl-C')
    .addOption(
      new Option('--level <level>', 'lowest level to show').choices([...logLevels]).default('debug', 'all'),
    )
    .option('--json', 'print the lines as they are stored, one JSON object per line')
    .option('--verbose', 'print stack traces of errors');
}

/** Throws 'not-found' where no daemon has written a log yet, and 'bad-document' where it may not be read. */
export async function showLogs(file: string, options: LogsOptions): Promise<void> {
  await checkReadable(file);
  if ((await logFilesOf(file)).length === 0) {
    throw new TidemarkError('not-found', `There is no log yet: no daemon has written to “${file}”.`, {
      hint: 'Start a daemon with `tidemark service install`, or with `tidemark daemon` in a terminal.',
    });
  }
  const isWanted = (line: string): boolean => isAtLeast(line, options.level);
  const verbose = options.verbose === true;
  const show = (line: string): void => {
    const format = { verbose, now: new Date(), stream: process.stdout };
    if (options.json === true) {
      void writeJsonLine(line);
    } else {
      writeText(formatLine(line, format));
    }
  };
  await using reader = await LogReader.open(file);
  for (const line of await reader.lastLines(options.lines, isWanted)) {
    show(line);
  }
  if (options.follow === true) {
    const signal = abortOnSignals(() => undefined);
    await reader.follow({ signal, onLine: (line) => (isWanted(line) ? show(line) : undefined) });
    process.exitCode = exitCodeOfError(signal.reason);
  }
}

/** A log that is somebody else's is not one that is not there. */
async function checkReadable(file: string): Promise<void> {
  for (const place of [dirname(file), file]) {
    try {
      await access(place, constants.R_OK);
    } catch (cause) {
      if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '')) {
        throw readError(cause, place, 'Run the command as the user whose daemon it is.');
      }
    }
  }
}
