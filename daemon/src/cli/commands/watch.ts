/** `tidemark watch`: what the daemon is at, live. */

import type { Command } from 'commander';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { watchDaemon } from '@tidemark/shared/client/watch-daemon.ts';
import type { WatchOptions } from '@tidemark/shared/client/watch-daemon.ts';
import { dataFolder } from '../../paths.ts';
import { cliClient } from '../daemon-connection.ts';
import { exitCodeOfSignal } from '../exit-codes.ts';
import { jsonLines, plainLines } from '../reports/watch-lines.ts';
import type { WatchListener } from '../reports/watch-lines.ts';
import { watchView } from '../reports/watch-view.ts';
import { WatchState } from '../runs/watch-state.ts';
import { Screen } from '../screen.ts';

interface WatchCommandOptions {
  readonly json?: true;
  readonly plain?: true;
}

export function addWatchCommand(program: Command): void {
  program
    .command('watch')
    .summary('see what the daemon is at, live')
    .description(
      'Shows the memory that is held now, the run that is at work, the peaks of the last runs, the next check and the alerts, ' +
        'until q or Ctrl-C. It waits for a daemon where none runs, and comes back when one is restarted. Where stdout is no ' +
        'terminal, it prints a line for each event.',
    )
    .option('--plain', 'lines in a terminal too')
    .option('--json', 'one JSON object a line: status, progress, alert, disconnected')
    .option('--verbose', 'say more where something fails')
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark watch
  $ tidemark watch --plain | tee watch.log
  $ tidemark watch --json | jq 'select(.event == "alert") .alert.reason'
`,
    )
    .action(watch);
}

async function watch({ json, plain }: WatchCommandOptions): Promise<void> {
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  if (json === true || plain === true || !isTerminal) {
    const print = (line: string): void => {
      process.stdout.write(`${line}\n`);
    };
    await watchLines(json === true ? jsonLines(print) : plainLines(print));
  } else {
    await watchScreen();
  }
}

const connection = (): Pick<WatchOptions, 'socketPath' | 'client'> => ({
  socketPath: socketPathOf(dataFolder()),
  client: cliClient,
});

/** Until a signal; then the exit code is the signal's, as of every program that runs until it is told to end. */
async function watchLines(listener: WatchListener): Promise<void> {
  const watching = watchDaemon({ ...connection(), ...listener });
  process.exitCode = exitCodeOfSignal(await stopSignal());
  await watching.stop();
}

async function watchScreen(): Promise<void> {
  const left = Promise.withResolvers<undefined>();
  const state = new WatchState();
  using screen = new Screen(process.stdout, process.stdin, {
    draw: (size) => watchView(state.model, size, new Date()),
    onKey: (key) => {
      if (['q', 'Q', '\u0003', '\u0004', '\u001b'].includes(key)) {
        left.resolve(undefined);
      } else if (key === '\u001a') {
        screen.suspend();
      }
    },
  });
  const redraw = (): void => screen.redraw();
  redraw();
  // Ages are said in words, which change by themselves.
  const timer = setInterval(redraw, 1000);
  const watching = watchDaemon({ ...connection(), ...state.listener(redraw) });
  const signal = await Promise.race([left.promise, stopSignal()]);
  clearInterval(timer);
  await watching.stop();
  if (signal !== undefined) {
    process.exitCode = exitCodeOfSignal(signal);
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(name, resolve);
    }
  });
}
