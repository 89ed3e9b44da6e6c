/** `tidemark daemon`: the daemon in this process, in the foreground, for a terminal or any supervisor. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { logFolder } from '@tidemark/shared/client/locations.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { formatLine, logLevels } from '@tidemark/shared/format/log-line.ts';
import type { LogLevel } from '@tidemark/shared/format/log-line.ts';
import { later } from '../../background.ts';
import { takeHome } from '../../files/own.ts';
import { createLog, logDefaults, messageOfEnd } from '../../logging/log.ts';
import { dataFolder } from '../../paths.ts';
import { abortOnSignals } from '../exit-codes.ts';
import { writeJsonLine, writeText } from '../output.ts';
import { addExamples, formatError } from '../program.ts';

const printings = ['human', 'json', 'none'] as const;

type Printing = (typeof printings)[number];

/** How long what a daemon that failed has left open may keep its process. */
const longestEndMilliseconds = 5000;

interface DaemonCommandOptions {
  readonly level: LogLevel;
  readonly print?: Printing;
  readonly verbose?: true;
}

export function addDaemonCommand(program: Command): void {
  const command = program
    .command('daemon')
    .summary('run the daemon in the foreground')
    .description(
      'Runs the daemon until Ctrl-C. The daemon keeps a model loaded, executes the runs that other commands and the Raycast ' +
        'extension request, one at a time, checks for leaks on schedule, and keeps the history. To run it in the background, ' +
        'use `tidemark service install`. Each user can run one daemon; starting a second one fails with exit code 1.',
    )
    .addOption(
      new Option('--level <level>', 'lowest level to log').choices([...logLevels]).default(logDefaults.level),
    )
    .addOption(
      new Option(
        '--print <how>',
        'also print the log to stderr, as text or as JSON lines (default: human in a terminal, otherwise none; the log file ' +
          'gets every line)',
      ).choices(printings),
    )
    .option('--verbose', 'print stack traces of errors')
    .action(startDaemon);
  addExamples(
    command,
    [
      'tidemark daemon',
      'tidemark daemon --level debug',
      'TIDEMARK_HOME=/srv/tidemark tidemark daemon --print json     run under a supervisor',
    ],
    'Ctrl-C or SIGTERM shuts the daemon down cleanly with exit code 0: it saves the current run as interrupted and stops the ' +
      'model host. A second Ctrl-C quits immediately.',
  );
}

async function startDaemon({ level, print, verbose }: DaemonCommandOptions): Promise<void> {
  // Not with the other commands: most of them need nothing of it.
  const { endOnUncaught } = await import('../../core/faults.ts');
  const { runDaemon } = await import('../../core/run-daemon.ts');
  const folder = dataFolder();
  // Before anything is written to it, the log included.
  takeHome(folder);
  const printing = print ?? (process.stderr.isTTY ? 'human' : 'none');
  const { log, file, trouble, close } = createLog({
    folder: logFolder(folder),
    level,
    alsoTo:
      printing === 'none' ? undefined : { write: (line) => printLine(line, printing, verbose === true) },
  });
  endOnUncaught(log, (error) => {
    writeText(formatError(error, { verbose: true, stream: process.stderr }), process.stderr);
  });
  const signal = abortOnSignals(({ message }) => {
    if (printing === 'human') {
      writeText(`${message} Shutting down. Press Ctrl-C again to quit immediately.`, process.stderr);
    }
  });
  if (printing === 'human') {
    writeText(`Data: ${folder}\nLog: ${file}\nPress Ctrl-C to stop the daemon.`, process.stderr);
  }
  try {
    await runDaemon({ dataFolder: folder, signal, log, logFile: file, logTrouble: trouble });
  } catch (error) {
    // Under a supervisor nobody reads what this process prints.
    log.error({ error }, messageOfEnd(toErrorRecord(error).message));
    later('ending', longestEndMilliseconds, () => process.exit(1)).unref();
    throw error;
  } finally {
    await close();
  }
}

function printLine(line: string, printing: Exclude<Printing, 'none'>, verbose: boolean): void {
  if (printing === 'json') {
    void writeJsonLine(line.trimEnd(), process.stderr);
  } else {
    writeText(
      formatLine(line.trimEnd(), { verbose, now: new Date(), stream: process.stderr }),
      process.stderr,
    );
  }
}
