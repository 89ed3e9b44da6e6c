/** `tidemark watch`: what the daemon is doing, live: on a screen, or as a line for each event. */

import type { Command } from 'commander';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { watchDaemon } from '@tidemark/shared/client/watch-daemon.ts';
import type { WatchOptions } from '@tidemark/shared/client/watch-daemon.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { shortModel } from '@tidemark/shared/format/work-words.ts';
import { headOf } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { WatchLine } from '@tidemark/shared/protocol/daemon-documents.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { dataFolder } from '../../paths.ts';
import { cliClient } from '../daemon-connection.ts';
import { exitCodeOfSignal, stopSignals } from '../exit-codes.ts';
import { writeJson, writeText } from '../output.ts';
import { addExamples } from '../program.ts';
import { runTitle, stepWords } from '../reports/run-words.ts';
import { watchView } from '../reports/watch-view.ts';
import { WatchState } from '../runs/watch-state.ts';
import { Screen } from '../screen.ts';

interface WatchCommandOptions {
  readonly json?: true;
  readonly plain?: true;
}

export function addWatchCommand(program: Command): void {
  const command = program
    .command('watch')
    .summary('show what the daemon is doing, live')
    .description(
      'Shows memory, the current run, the peaks of recent runs, the next scheduled check, and alerts, until you press q ' +
        'or Ctrl-C. Waits if the daemon is not running, and reconnects when it restarts. If stdout is not a terminal, prints ' +
        'one line per event.',
    )
    .option('--plain', 'print lines even in a terminal')
    .option('--json', 'print one JSON object per line: status, progress, alert, disconnected')
    .option('--verbose', 'print stack traces when something fails')
    .action(watch);
  addExamples(command, [
    'tidemark watch',
    'tidemark watch --plain | tee watch.log',
    'tidemark watch --json | jq \'select(.event == "alert") .alert.reason\'',
  ]);
}

async function watch({ json, plain }: WatchCommandOptions): Promise<void> {
  const isTerminal = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  if (json === true || plain === true || !isTerminal) {
    await watchLines(json === true ? jsonLines() : plainLines());
  } else {
    await watchScreen();
  }
}

const connection = (): Pick<WatchOptions, 'socketPath' | 'client'> => ({
  socketPath: socketPathOf(dataFolder()),
  client: cliClient,
});

/** Until a signal; then the exit code is the signal's, as of every program that runs until it is stopped. */
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
  // Ages are shown in words, which change as time passes.
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
    for (const name of stopSignals) {
      process.once(name, resolve);
    }
  });
}

type WatchListener = Pick<WatchOptions, 'onState' | 'on'>;

type Event = WatchLine extends infer Line
  ? Line extends WatchLine
    ? Omit<Line, 'kind' | 'schemaVersion' | 'at'>
    : never
  : never;

function jsonLines(): WatchListener {
  const tell = (event: Event): void =>
    writeJson({ ...headOf('watch'), at: new Date().toISOString(), ...event });
  return {
    onState: (state) => {
      if ('error' in state) {
        tell({ event: 'disconnected', reason: state.error.message });
      }
    },
    on: {
      status: (status) => tell({ event: 'status', status }),
      progress: (progress) => tell({ event: 'progress', progress }),
      alerts: (alert) => tell({ event: 'alert', alert }),
    },
  };
}

function plainLines(): WatchListener {
  const tell = (line: string): void => writeText(`${new Date().toTimeString().slice(0, 8)} ${line}`);
  let last = '';
  // A status comes several times a second; it is printed only when it says something new.
  const tellOnce = (line: string): void => {
    if (line !== last) {
      tell(line);
      last = line;
    }
  };
  return {
    onState: (state) => {
      switch (state.kind) {
        case 'connecting':
          last = '';
          break;
        case 'connected':
          tell('Connected.');
          break;
        case 'no-daemon':
        case 'other-version':
          tell(`${state.error.message}${state.error.hint === undefined ? '' : ` ${state.error.hint}`}`);
          break;
      }
    },
    on: {
      status: (status) => tellOnce(statusLine(status)),
      progress: ({ runId, step }) => tell(`#${runId} ${stepWords(step)}`),
      alerts: (alert) =>
        tell(`Alert #${alert.id} (${alert.state}), “${alert.scheduleName}”: ${alert.reason}`),
    },
  };
}

function statusLine({ host, current, queued, alerts }: DaemonStatus): string {
  const { state, model, memory } = host;
  // While the host is busy, the run's own lines have the figures.
  const loaded =
    model === undefined || memory === undefined || state === 'busy'
      ? ''
      : ` with ${shortModel(model)}, active ${formatBytes(memory.activeBytes)}`;
  return [
    `host ${state}${loaded}`,
    current === undefined ? 'no run' : `run #${current.record.id}, ${runTitle(current.record)}`,
    ...(queued.length === 0 ? [] : [`${queued.length} queued`]),
    ...(alerts.open === 0 ? [] : [counted(alerts.open, 'open alert')]),
  ].join('; ');
}
