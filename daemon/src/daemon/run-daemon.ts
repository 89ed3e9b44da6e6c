/** The daemon's life: takes the lock, opens the history, listens, works, and ends in good order. */

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { openHistory } from '../history/history.ts';
import type { SetAside } from '../history/history.ts';
import { storageError } from '../models/storage-errors.ts';
import { SocketServer } from '../ipc/socket-server.ts';
import { Interruption, interruptionOf } from '../interruption.ts';
import type { Log } from '../logging/log.ts';
import { AlertKeeper } from '../scheduler/alert-keeper.ts';
import { systemClock } from '../scheduler/clock.ts';
import type { Clock } from '../scheduler/clock.ts';
import { notifier } from '../scheduler/notification.ts';
import { readPowerState } from '../scheduler/power-state.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { tidemarkVersion } from '../version.ts';
import { lockDaemon } from './daemon-lock.ts';
import { createHandlers } from './handlers.ts';
import { HeldHost } from './held-host.ts';
import type { HeldHostOptions } from './held-host.ts';
import { Notices } from './notices.ts';
import { RunQueue } from './run-queue.ts';
import { StatusBoard } from './status-board.ts';

export interface DaemonOptions {
  readonly dataFolder: string;
  /** Ends the daemon in good order. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly logFile?: string;
  /** What a test replaces. */
  readonly clock?: Clock;
  readonly host?: Pick<HeldHostOptions, 'start' | 'timing'>;
}

/** Subscribers are told of a new status this often at most. */
const statusMilliseconds = 250;

/** How often old runs are looked for. */
const retentionMilliseconds = 3_600_000;

/**
 * Runs until it is told to end, by the signal or by a client. Throws 'daemon-running' where another one has the data folder,
 * 'not-writable' where that cannot be written, and 'history' where its database is a newer Tidemark's.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { dataFolder, log, clock = systemClock } = options;
  const startedAt = new Date();
  const socketPath = socketPathOf(dataFolder);
  const runFolder = join(dataFolder, 'run');
  makePrivate(runFolder);
  makePrivate(dirname(socketPath));
  using _lock = await lockDaemon(runFolder, startedAt);

  // Each of these is only called once everything below is there.
  const onChange = (): void => publishing.due();
  const notices = new Notices(onChange);
  const onSetAside = ({ path, reason }: SetAside): void => {
    const message = `The history was damaged (${reason}) and is set aside as ${path}; a new one was begun.`;
    log.error({ path }, message);
    notices.set(
      'set-aside',
      message,
      'Keep the file if the runs matter; `sqlite3 FILE .recover` may read it.',
    );
  };
  const { history, setAside } = openHistory(dataFolder, { onSetAside });
  using _history = history;
  if (setAside !== undefined) {
    onSetAside(setAside);
  }
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let settings = history.settings();
  const held = new HeldHost({ settings: () => settings, log, onChange, ...options.host });
  const onHistory = (): void => {
    board.forget();
    onChange();
  };
  const queue = new RunQueue({
    dataFolder,
    history,
    held,
    settings: () => settings,
    notices,
    log,
    onProgress: (progress) => server?.publish('progress', progress),
    onChange,
    onEnded: (record) => {
      alerts.afterCheck(record);
      onHistory();
      scheduler.wake();
    },
  });
  const notify = notifier({ log });
  const alerts = new AlertKeeper({
    history,
    clock,
    log,
    notify: (alert) => (settings.notifications ? notify(alert) : Promise.resolve()),
    onAlert: (alert) => {
      server?.publish('alerts', alert);
      onHistory();
    },
  });
  const scheduler = new Scheduler({
    history,
    clock,
    log,
    power: readPowerState,
    isBusy: () => queue.isBusy,
    startCheck: ({ id, name, model, voice, text, iterations, warmupIterations }) =>
      queue.add(
        {
          kind: 'profile',
          parameters: { model, voice, iterations, warmupIterations, ...(text === undefined ? {} : { text }) },
        },
        { kind: 'schedule', scheduleId: id, scheduleName: name },
      ),
    onChange,
  });
  const parts = { history, held, queue, scheduler, alerts, notices, dataFolder, socketPath, startedAt };
  const board = new StatusBoard({ ...parts, logFile: options.logFile });
  const publishing = new Publishing(() => {
    if (server !== undefined && server.listeners('status') > 0) {
      server.publish('status', board.read());
    }
  });

  const waiting = history.listRuns({ state: 'queued', limit: 500 }).runs.reverse();
  for (const record of history.interruptRunningRuns('The daemon ended while it ran.')) {
    log.warn({ run: record.id }, `Run #${record.id} was interrupted when the last daemon ended.`);
  }
  let server: SocketServer | undefined;
  server = await SocketServer.listen({
    socketPath,
    version: tidemarkVersion,
    startedAt: startedAt.toISOString(),
    log,
    handlers: createHandlers({
      ...parts,
      board,
      settings: () => settings,
      changeSettings: (change) => {
        settings = history.changeSettings(change);
        held.reconsider();
        scheduler.wake();
        onChange();
        return settings;
      },
      onHistory,
      shutDown: () => setImmediate(() => ending.abort(new Interruption('SIGTERM'))),
    }),
  });
  log.info({ pid: process.pid, socketPath, version: tidemarkVersion }, 'The daemon listens.');
  queue.resume(waiting);
  scheduler.start();
  const tidy = (): void => {
    const removed = history.applyRetention();
    if (removed > 0) {
      log.info({ removed }, 'Removed runs that are older than the settings keep.');
      onHistory();
    }
  };
  const tidying = setInterval(tidy, retentionMilliseconds);
  tidy();

  await untilAborted(signal);
  log.info({ reason: interruptionOf(signal).message }, 'The daemon ends.');
  clearInterval(tidying);
  scheduler.stop();
  await queue.stop(stopReason(signal));
  await held.close();
  publishing.stop();
  await server.close();
  log.info({}, 'The daemon has ended.');
}

function stopReason(signal: AbortSignal): Interruption {
  const reason: unknown = signal.reason;
  return reason instanceof Interruption ? reason : new Interruption('SIGTERM');
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What is said here is a person's own. */
function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storageError(error, folder);
  }
}

/** Does something soon after it became due, and not more often than subscribers can read. */
class Publishing {
  readonly #publish: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(publish: () => void) {
    this.#publish = publish;
  }

  due(): void {
    if (!this.#isStopped) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#publish();
      }, statusMilliseconds);
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
