/** The runs of the history: asked of the daemon where one runs, else read from the database itself. */

import { setTimeout as wait } from 'node:timers/promises';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { holderOf } from '@tidemark/shared/client/daemon-note.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Method, Parameters, Result, RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { defaultDaemonSettings } from '@tidemark/shared/protocol/daemon/settings.ts';
import { holdLock } from '../../files/lock.ts';
import { historyFile, historyLock, isThere, openHistory } from '../../history/history.ts';
import type { History } from '../../history/history.ts';
import { historyInUse, ownerAt } from '../../history/owner.ts';
import { namedUnreadable } from '../../history/unreadable.ts';
import { dataFolder } from '../../paths.ts';
import type { Context } from '../command.ts';
import { daemonIfRunning } from '../daemon-connection.ts';

/** What can be asked without a daemon too. */
type StoredMethod = 'listRuns' | 'getRun' | 'deleteRun' | 'listAlerts' | 'listSchedules' | 'getSettings';

type Stored = {
  readonly [M in StoredMethod & Method]: (history: History, parameters: Parameters<M>) => Result<M>;
};

const fromHistory: Stored = {
  listRuns: (history, filter) => history.runs.list(filter),
  getRun: (history, { runId, ...options }) => history.runs.detail(runId, options),
  deleteRun: (history, { runId }) => {
    history.runs.remove(runId);
    return {};
  },
  listAlerts: (history, { all = false }) => ({
    alerts: history.alerts.list({ all }),
    ...namedUnreadable(history.alerts.unreadable()),
  }),
  listSchedules: (history) => ({
    schedules: history.schedules.list(),
    paused: history.settings.get().schedulesPaused,
    ...namedUnreadable(history.schedules.unreadable()),
  }),
  getSettings: (history) => history.settings.get(),
};

export interface RunStore extends AsyncDisposable {
  readonly isDaemon: boolean;
  ask<M extends StoredMethod>(method: M, parameters: Parameters<M>): Promise<Result<M>>;
}

/** Throws what the daemon's client throws but 'no-daemon', and what opening the history does: 'history', 'not-writable'. */
export async function openRuns(context: Pick<Context, 'signal'>): Promise<RunStore> {
  const daemon = await daemonIfRunning(context);
  if (daemon !== undefined) {
    return {
      isDaemon: true,
      ask: (method, parameters) => daemon.call(method, parameters, { timeoutMilliseconds: 30_000 }),
      [Symbol.asyncDispose]: () => daemon.close(),
    };
  }
  if (!isThere(historyFile(dataFolder()))) {
    return emptyStore;
  }
  const history = openHistoryToRead();
  return {
    isDaemon: false,
    ask: (method, parameters) => attempt(() => fromHistory[method](history, parameters)),
    [Symbol.asyncDispose]: () => {
      history.close();
      return Promise.resolve();
    },
  };
}

const noHistory = (): TidemarkError =>
  new TidemarkError('not-found', 'There is no history yet.', {
    hint: 'A daemon keeps one: start it with `tidemark service install` or `tidemark daemon`, and profile something.',
  });

const refuse = (): never => {
  throw noHistory();
};

/** What can be asked is answered as a daemon would that has just been installed. */
const empty: { readonly [M in StoredMethod & Method]: () => Result<M> } = {
  listRuns: () => ({ runs: [], total: 0 }),
  getRun: refuse,
  deleteRun: refuse,
  listAlerts: () => ({ alerts: [] }),
  listSchedules: () => ({ schedules: [], paused: false }),
  getSettings: () => defaultDaemonSettings,
};

/** What fails at once rejects too, as a daemon's refusal does. */
const attempt = <Result>(work: () => Result): Promise<Result> => Promise.resolve().then(work);

const emptyStore: RunStore = {
  isDaemon: false,
  ask: (method) => attempt(() => empty[method]()),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/**
 * The history's database itself, for a process that may have a daemon beside it; begun where there is none. A damaged one throws
 * 'history': setting it aside is the daemon's business.
 */
const openHistoryToWrite = (): History => openHistory(dataFolder(), { access: 'shared' }).history;

/** A daemon to import through, or the history itself, held so that no daemon can start before this is disposed of. */
export type ImportPlace = AsyncDisposable &
  ({ readonly daemon: DaemonClient } | { readonly history: History });

/** How long another import may take, or a daemon that is starting. */
const placeMilliseconds = 10_000;

/** Throws 'busy', what opening the history does, and what {@link daemonIfRunning} does. */
export async function placeToImport(context: Pick<Context, 'signal'>): Promise<ImportPlace> {
  const end = performance.now() + placeMilliseconds;
  for (;;) {
    const daemon = await daemonIfRunning(context);
    if (daemon !== undefined) {
      return { daemon, [Symbol.asyncDispose]: () => daemon.close() };
    }
    const place = holdHistory();
    if (place !== undefined) {
      return place;
    }
    if (performance.now() > end) {
      throw historyInUse();
    }
    await wait(100);
    context.signal.throwIfAborted();
  }
}

/** Undefined where another process has it. */
function holdHistory(): ImportPlace | undefined {
  const folder = dataFolder();
  // First: nothing is made beside a history that may not be written.
  const history = openHistoryToWrite();
  try {
    const owner = ownerAt(historyFile(folder));
    const isOwned = owner !== undefined && holderOf(owner) !== undefined;
    const lock = isOwned ? undefined : holdLock(historyLock(folder));
    if (lock === undefined) {
      history.close();
      return undefined;
    }
    return {
      history,
      [Symbol.asyncDispose]: () => {
        history.close();
        lock[Symbol.dispose]();
        return Promise.resolve();
      },
    };
  } catch (error) {
    history.close();
    throw error;
  }
}

/** The same where there is one. Where it may not be written, as on a read-only disk, what is asked of it works all the same. */
export function openHistoryToRead(): History {
  if (!isThere(historyFile(dataFolder()))) {
    throw noHistory();
  }
  try {
    return openHistoryToWrite();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'not-writable') {
      return openHistory(dataFolder(), { access: 'read' }).history;
    }
    throw error;
  }
}

/** A run with its document, where it has one. Throws 'not-found'. */
export const runDetail = (store: RunStore, runId: number): Promise<RunDetail> =>
  store.ask('getRun', { runId, document: true });
