/** `tidemark daemon`: the daemon in this process, in the foreground, for a terminal or any supervisor. */

import { Option } from 'commander';
import type { Command } from 'commander';
import { formatLine } from '../../logging/format-line.ts';
import { createLog, logDefaults, logFolder, logLevels } from '../../logging/log.ts';
import type { LogLevel } from '../../logging/log.ts';
import { dataFolder } from '../../paths.ts';
import { abortOnSignals } from '../exit-codes.ts';

const printings = ['human', 'json', 'none'] as const;

type Printing = (typeof printings)[number];

interface DaemonCommandOptions {
  readonly level: LogLevel;
  readonly print?: Printing;
  readonly verbose?: true;
}

export function addDaemonCommand(program: Command): void {
  program
    .command('daemon')
    .summary('run the daemon here, in the foreground')
    .description(
      'Runs the daemon until Ctrl-C: it keeps a model loaded, measures what the other commands and the Raycast extension ask ' +
        'for, one run after the other, checks for leaks on schedule, and keeps the history. `tidemark service install` has it ' +
        'run in the background instead. There is one for each user; a second one says who the first is, and exits with 1.',
    )
    .addOption(
      new Option('--level <level>', 'what is logged: this and what is graver')
        .choices([...logLevels])
        .default(logDefaults.level),
    )
    .addOption(
      new Option(
        '--print <how>',
        'the log on stderr too: for people, as JSON lines, or not (default: human in a terminal, none elsewhere; ' +
          'the log file has it all)',
      ).choices(printings),
    )
    .option('--verbose', 'with the stacks of errors')
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark daemon
  $ tidemark daemon --level debug
  $ TIDEMARK_HOME=/srv/tidemark tidemark daemon --print json     under a supervisor

Ctrl-C and SIGTERM end it in good order, with exit code 0: a run that is at work is kept as interrupted, the
model host is ended. A second Ctrl-C ends it at once.
`,
    )
    .action(startDaemon);
}

async function startDaemon({ level, print, verbose }: DaemonCommandOptions): Promise<void> {
  // Not with the other commands: most of them need nothing of it.
  const { runDaemon } = await import('../../core/run-daemon.ts');
  const folder = dataFolder();
  const printing = print ?? (process.stderr.isTTY ? 'human' : 'none');
  const { log, file, close } = createLog({
    folder: logFolder(folder),
    level,
    alsoTo:
      printing === 'none' ? undefined : { write: (line) => printLine(line, printing, verbose === true) },
  });
  // Whatever ends this process, the log says why; Node prints it and exits with 1.
  process.on('uncaughtExceptionMonitor', (error) => log.error({ error }, 'The daemon broke.'));
  const signal = abortOnSignals(({ message }) => {
    if (printing === 'human') {
      process.stderr.write(`${message} Ending in good order; once more ends everything at once.\n`);
    }
  });
  if (printing === 'human') {
    process.stderr.write(`Data: ${folder}\nLog: ${file}\nCtrl-C ends the daemon.\n`);
  }
  try {
    await runDaemon({ dataFolder: folder, signal, log, logFile: file });
  } finally {
    await close();
  }
}

function printLine(line: string, printing: Exclude<Printing, 'none'>, verbose: boolean): void {
  process.stderr.write(
    printing === 'json'
      ? line
      : `${formatLine(line.trimEnd(), { verbose, now: new Date(), stream: process.stderr })}\n`,
  );
}
