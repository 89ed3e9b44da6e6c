/** The runs of the history: asked of the daemon where one runs, else read from the database itself. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Method, Parameters, Result, RunDetail } from '@tidemark/shared/protocol/daemon/methods.ts';
import { openHistory } from '../history/history.ts';
import type { History } from '../history/history.ts';
import { dataFolder } from '../paths.ts';
import type { Context } from './command.ts';
import { daemonIfRunning } from './daemon-connection.ts';

/** What can be asked without a daemon too. */
type StoredMethod = 'listRuns' | 'getRun' | 'deleteRun' | 'listAlerts' | 'listSchedules' | 'getSettings';

type Stored = {
  readonly [M in StoredMethod & Method]: (history: History, parameters: Parameters<M>) => Result<M>;
};

const fromHistory: Stored = {
  listRuns: (history, filter) => history.listRuns(filter),
  getRun: (history, { runId, document = true, samples }) =>
    history.detail(runId, { document, ...(samples === undefined ? {} : { samples }) }),
  deleteRun: (history, { runId }) => {
    history.deleteRun(runId);
    return {};
  },
  listAlerts: (history, { all = false }) => ({ alerts: history.alerts({ all }) }),
  listSchedules: (history) => ({
    schedules: history.schedules(),
    paused: history.settings().schedulesPaused,
  }),
  getSettings: (history) => history.settings(),
};

export interface RunStore extends AsyncDisposable {
  readonly isDaemon: boolean;
  ask<M extends StoredMethod>(method: M, parameters: Parameters<M>): Promise<Result<M>>;
}

/** Throws what the daemon's client throws but 'no-daemon', and what opening the history does: 'history', 'not-writable'. */
export async function openRuns(context: Pick<Context, 'signal' | 'progress'>): Promise<RunStore> {
  const daemon = await daemonIfRunning(context);
  if (daemon !== undefined) {
    return {
      isDaemon: true,
      ask: (method, parameters) => daemon.call(method, parameters, { timeoutMilliseconds: 30_000 }),
      [Symbol.asyncDispose]: () => daemon.close(),
    };
  }
  const history = openHistoryFile(context);
  return {
    isDaemon: false,
    ask: (method, parameters) => Promise.try(() => fromHistory[method](history, parameters)),
    [Symbol.asyncDispose]: async () => {
      await Promise.resolve(history.close());
    },
  };
}

/**
 * The history itself. Reading it makes none where there is none yet: that throws 'not-found'. A database that had to be set
 * aside is said.
 */
export function openHistoryFile(
  { progress }: Pick<Context, 'progress'>,
  { create = false }: { readonly create?: boolean } = {},
): History {
  const folder = dataFolder();
  if (!create && !existsSync(join(folder, 'history.sqlite'))) {
    throw new TidemarkError('not-found', 'There is no history yet.', {
      hint: 'A daemon keeps one: start it with `tidemark service install` or `tidemark daemon`, and profile something.',
    });
  }
  const { history, setAside } = openHistory(folder);
  if (setAside !== undefined) {
    progress.note(`The history's database was damaged (${setAside.reason}) and is now ${setAside.path}.`);
  }
  return history;
}

/** A run with its document, where it has one. Throws 'not-found'. */
export const runDetail = (store: RunStore, runId: number): Promise<RunDetail> =>
  store.ask('getRun', { runId, document: true });
