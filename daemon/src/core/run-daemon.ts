/** The daemon's life: takes the lock, opens the history, runs until it is asked to stop, and shuts down cleanly. */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noteFileOf, processMark, readNote } from '@tidemark/shared/client/daemon-note.ts';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { soon } from '../background.ts';
import { replaceFileNow } from '../files/durable.ts';
import { holdLock } from '../files/lock.ts';
import { takeFolder, takeHome } from '../files/own.ts';
import { openHistory } from '../history/history.ts';
import type { SetAside } from '../history/replacing.ts';
import { Interruption, interruptionOf } from '../interruption.ts';
import type { Log } from '../logging/log.ts';
import { systemClock } from '../scheduler/machine.ts';
import type { Clock } from '../scheduler/machine.ts';
import { Daemon } from './daemon.ts';
import { surviveFaults } from './faults.ts';
import type { HeldHostOptions } from './held-host/held-host.ts';
import { Notices } from './notices.ts';

export interface DaemonOptions {
  readonly dataFolder: string;
  /** Stops the daemon. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly logFile?: string | undefined;
  /** What a test replaces. */
  readonly clock?: Clock;
  readonly host?: Pick<HeldHostOptions, 'start' | 'timing'>;
  readonly silenceSeconds?: number | undefined;
}

/**
 * Runs until the signal or a client stops it. Throws 'daemon-running' where another one has the data folder,
 * 'not-writable' where that cannot be written, and 'history' where its database is a newer Tidemark's.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { dataFolder, log, logFile, clock = systemClock, host = {}, silenceSeconds } = options;
  const startedAt = new Date();
  takeHome(dataFolder);
  takeFolder(dirname(noteFileOf(dataFolder)));
  using held = new DisposableStack();
  held.use(lockDaemon(dataFolder, startedAt));

  // Notices may come before the daemon is put together, and are then in its first status.
  const notices = new Notices();
  held.use(surviveFaults(log, notices));
  const onSetAside = ({ path, reason, saved }: SetAside): void => {
    const runs = counted(saved.runs, 'run');
    const message = `The history was damaged (${reason}). It was moved to ${path}, and a new history was created with ${runs} recovered from it.`;
    log.error({ path, saved }, message);
    const hint =
      'Keep the file if you need the missing runs; `sqlite3 FILE .recover` may recover more of them.';
    notices.set('set-aside', message, hint);
  };
  const { history } = openHistory(dataFolder, { onSetAside });
  held.use(history);
  const ending = new AbortController();
  const daemon = new Daemon({
    dataFolder,
    socketPath: socketPathOf(dataFolder),
    logFile,
    startedAt,
    history,
    notices,
    log,
    clock,
    host,
    silenceSeconds,
    // Not at once: the answer is to reach the client that asked.
    shutDown: () => soon('stopping', () => ending.abort(new Interruption('SIGTERM'))),
  });
  try {
    await daemon.start();
  } catch (error) {
    // It may listen already: what was begun ends, so that the process does.
    await daemon.stop(new Interruption('SIGTERM')).catch((cause: unknown) => {
      log.error({ error: cause }, 'The daemon could not be stopped in good order.');
    });
    throw error;
  }
  const signal = AbortSignal.any([options.signal, ending.signal]);
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
  log.info({ reason: interruptionOf(signal).message }, 'The daemon is stopping.');
  const reason: unknown = signal.reason;
  await daemon.stop(reason instanceof Interruption ? reason : new Interruption('SIGTERM'));
  log.info({}, 'The daemon has stopped.');
}

/**
 * One daemon for each data folder: takes the lock, which the kernel drops with its holder, until what it returns is disposed of.
 * Throws 'daemon-running', with the holder's process id, where a running daemon has it. A note that a killed daemon left behind
 * is replaced.
 */
function lockDaemon(dataFolder: string, startedAt: Date): Disposable {
  const note = noteFileOf(dataFolder);
  const lock = holdLock(join(dirname(note), 'daemon.lock'));
  if (lock === undefined) {
    throw running(note);
  }
  const { pid } = process;
  const written: DaemonNote = { pid, startedAt: startedAt.toISOString(), process: processMark(pid) };
  replaceFileNow(note, `${JSON.stringify(written)}\n`);
  return {
    [Symbol.dispose]: () => {
      rmSync(note, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

function running(note: string): TidemarkError {
  let who = '';
  try {
    const { pid, startedAt } = readNote(note);
    who = ` (process ${pid}, since ${startedAt})`;
  } catch {
    // It has the lock and is about to write its note.
  }
  return new TidemarkError('daemon-running', `Another daemon is already running${who}.`, {
    hint: 'Use it as it is; `tidemark status` shows what it is doing. To stop it, run `tidemark service stop`, or press Ctrl-C in its terminal.',
  });
}
