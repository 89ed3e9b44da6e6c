/** The daemon's life: takes the lock, opens the history, works until it is told to end, and ends in good order. */

import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { formatCount } from '@tidemark/shared/format/numbers.ts';
import { openHistory } from '../history/history.ts';
import type { SetAside } from '../history/opening.ts';
import { Interruption, interruptionOf } from '../interruption.ts';
import type { Log } from '../logging/log.ts';
import { makeFolder } from '../files/durable.ts';
import { storageError } from '../files/storage-errors.ts';
import { systemClock } from '../scheduler/machine.ts';
import type { Clock } from '../scheduler/machine.ts';
import { lockDaemon } from './daemon-lock.ts';
import { Daemon } from './daemon.ts';
import type { HeldHostOptions } from './held-host/held-host.ts';
import { Notices } from './notices.ts';

export interface DaemonOptions {
  readonly dataFolder: string;
  /** Ends the daemon in good order. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly logFile?: string | undefined;
  /** What a test replaces. */
  readonly clock?: Clock;
  readonly host?: Pick<HeldHostOptions, 'start' | 'timing'>;
}

/**
 * Runs until it is told to end, by the signal or by a client. Throws 'daemon-running' where another one has the data folder,
 * 'not-writable' where that cannot be written, and 'history' where its database is a newer Tidemark's.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { dataFolder, log, logFile, clock = systemClock, host = {} } = options;
  const startedAt = new Date();
  const runFolder = join(dataFolder, 'run');
  await makePrivate(runFolder);
  using held = new DisposableStack();
  held.use(lockDaemon(runFolder, startedAt));

  // Notices may come before the daemon is put together, and are then in its first status.
  const changes = new EventTarget();
  const notices = new Notices(() => changes.dispatchEvent(new Event('change')));
  const onSetAside = ({ path, reason, saved }: SetAside): void => {
    const runs = saved.runs === 1 ? '1 run' : `${formatCount(saved.runs)} runs`;
    const message = `The history was damaged (${reason}) and is set aside as ${path}; a new one was begun, with ${runs} that could be saved.`;
    log.error({ path, saved }, message);
    const hint = 'Keep the file if what is missing matters; `sqlite3 FILE .recover` may read more of it.';
    notices.set('set-aside', message, hint);
  };
  const { history, setAside } = openHistory(dataFolder, { onSetAside });
  held.use(history);
  if (setAside !== undefined) {
    onSetAside(setAside);
  }
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
    // Not at once: the answer is to reach the client that asked.
    shutDown: () => setImmediate(() => ending.abort(new Interruption('SIGTERM'))),
  });
  changes.addEventListener('change', () => daemon.changed());
  await daemon.start();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  await untilAborted(signal);
  log.info({ reason: interruptionOf(signal).message }, 'The daemon ends.');
  const reason: unknown = signal.reason;
  await daemon.stop(reason instanceof Interruption ? reason : new Interruption('SIGTERM'));
  log.info({}, 'The daemon has ended.');
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What is said in there is a person's own. */
async function makePrivate(folder: string): Promise<void> {
  try {
    makeFolder(folder);
    await chmod(folder, 0o700);
  } catch (error) {
    throw storageError(error, folder);
  }
}
