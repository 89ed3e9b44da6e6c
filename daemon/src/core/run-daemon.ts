/** The daemon's life: takes the data folder, opens the history, runs until it is asked to stop, and shuts down cleanly. */

import { once } from 'node:events';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { every, soon } from '../background.ts';
import { openHistory } from '../history/history.ts';
import type { SetAside } from '../history/replacing.ts';
import { Interruption, interruptionOf } from '../interruption.ts';
import type { Log, OpenLog } from '../logging/log.ts';
import { systemClock } from '../scheduler/machine.ts';
import type { Clock } from '../scheduler/machine.ts';
import { Daemon } from './daemon.ts';
import { surviveFaults } from './faults.ts';
import type { HeldHostOptions } from './held-host/held-host.ts';
import { Notices } from './notices.ts';
import { Presence } from './presence.ts';

export interface DaemonOptions {
  readonly dataFolder: string;
  /** Stops the daemon. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly logFile?: string | undefined;
  /** Why the log cannot be written at this moment. */
  readonly logTrouble?: OpenLog['trouble'] | undefined;
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
  using presence = new Presence(dataFolder, startedAt);

  // Notices may come before the daemon is put together, and are then in its first status.
  const notices = new Notices();
  using _faults = surviveFaults(log, notices);
  const onSetAside = ({ path, reason, saved }: SetAside): void => {
    const runs = counted(saved.runs, 'run');
    const message = `The history was damaged (${reason}). It was moved to ${path}, and a new history was created with ${runs} recovered from it.`;
    log.error({ path, saved }, message);
    const hint =
      'Keep the file if you need the missing runs; `sqlite3 FILE .recover` may recover more of them.';
    notices.set('set-aside', message, hint);
  };
  using history = openHistory(dataFolder, {
    onSetAside,
    owner: presence.note,
    now: () => clock.now(),
  }).history;
  const ending = new AbortController();
  const daemon = new Daemon({
    dataFolder,
    socketPath: socketPathOf(dataFolder),
    logFile,
    logTrouble: options.logTrouble,
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
  const signal = AbortSignal.any([options.signal, ending.signal]);
  await daemon.start(signal);
  let isLooking = false;
  const looking = every('looking after the socket', lookMilliseconds, async () => {
    if (isLooking) {
      return;
    }
    isLooking = true;
    try {
      await lookAfter(presence, daemon, { dataFolder, notices, log });
    } catch (error) {
      if (!(error instanceof TidemarkError && error.code === 'daemon-running')) {
        throw error;
      }
      // Whoever has the history by now goes on with it; this one has nothing left to do.
      ending.abort(error);
    } finally {
      isLooking = false;
    }
  });
  using _watch = { [Symbol.dispose]: () => clearInterval(looking) };
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
  log.info({ reason: interruptionOf(signal).message }, 'The daemon is stopping.');
  const reason: unknown = signal.reason;
  await daemon.stop(reason instanceof Interruption ? reason : new Interruption('SIGTERM'));
  log.info({}, 'The daemon has stopped.');
  if (reason instanceof TidemarkError && reason.code === 'daemon-running') {
    throw reason;
  }
}

/** How often the daemon looks whether its files are where it made them. */
const lookMilliseconds = 3000;

/**
 * Makes again what a person or a tidying program removed: the socket, the note, the lock, and the folders. Throws
 * 'daemon-running' where another daemon has taken the data folder meanwhile.
 */
async function lookAfter(
  presence: Presence,
  daemon: Daemon,
  { dataFolder, notices, log }: Pick<DaemonOptions, 'dataFolder' | 'log'> & { readonly notices: Notices },
): Promise<void> {
  try {
    daemon.refuseMovedHistory();
  } catch (error) {
    if (!(error instanceof TidemarkError && error.code === 'history')) {
      throw error;
    }
    log.warn({ error }, error.message);
    notices.set(
      'moved',
      `${error.message} Runs are recorded in the file that is there now.`,
      'If you moved the folder, stop the daemon, move it back, and start the daemon again.',
    );
  }
  // The lock last of all, so that none is dropped before the history that it was for.
  const restored = presence.restore();
  if (await daemon.restoreSocket()) {
    restored.push('socket');
  }
  if (restored.length > 0) {
    log.warn(
      { restored, dataFolder },
      `Files of the daemon were removed and are made again: ${restored.join(', ')}.`,
    );
  }
}
