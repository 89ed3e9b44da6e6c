/** What the daemon does for each request of a client. */

import { compareDocuments } from '@tidemark/shared/analysis/comparison.ts';
import { defaultThreshold } from '@tidemark/shared/analysis/regression.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { Result } from '@tidemark/shared/protocol/daemon/methods.ts';
import type { DaemonSettings, DaemonSettingsChange } from '@tidemark/shared/protocol/daemon/settings.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { History } from '../history/history.ts';
import { namedUnreadable as named } from '../history/unreadable.ts';
import type { Handlers, RequestContext } from '../ipc/requests.ts';
import { listChoices } from '../models/catalogue.ts';
import { profileDefaults } from '../profiler/settings.ts';
import { studyModels } from '../profiler/study.ts';
import type { AlertKeeper } from '../alerts/alert-keeper.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { examineInChild } from '../doctor/examine-in-child.ts';
import { checkEngine } from '../host/check-engine.ts';
import { ownPython } from '../host/python-environment.ts';
import type { HistoryTurns } from './history-turns.ts';
import type { Imports } from './imports.ts';
import type { Notices } from './notices.ts';
import { SharedWork } from './shared-work.ts';
import type { RunQueue } from './queue/run-queue.ts';
import type { StatusBoard } from './status.ts';

export interface HandlerParts {
  readonly dataFolder: string;
  readonly history: History;
  readonly queue: RunQueue;
  readonly scheduler: Scheduler;
  readonly alerts: AlertKeeper;
  readonly board: StatusBoard;
  readonly turns: HistoryTurns;
  readonly imports: Imports;
  readonly notices: Notices;
  readonly changeSettings: (change: DaemonSettingsChange) => DaemonSettings;
  /** Something in the history that the status shows has changed. */
  readonly onHistory: () => void;
  /** Ends the daemon, once the answer is on its way. */
  readonly shutDown: () => void;
}

const pageLength = 50;

/** Those that change nothing in the history, or nothing before they have waited for something else. */
const readers: readonly (keyof Handlers)[] = [
  'cancel',
  'listRuns',
  'getRun',
  'compareRuns',
  'listSchedules',
  'listAlerts',
  'getSettings',
];

const writers: readonly (keyof Handlers)[] = [
  'startProfile',
  'startStudy',
  'deleteRun',
  'setSchedule',
  'removeSchedule',
  'pauseSchedules',
  'checkNow',
  'acknowledgeAlerts',
  'setSettings',
];

/** Where another process has the history locked, they are tried again for a while. */
function inTurns(handlers: Handlers, turns: HistoryTurns): Handlers {
  type Handler = (parameters: unknown, context: RequestContext) => unknown;
  const waiting = (names: readonly (keyof Handlers)[], attempt: 'read' | 'write'): [string, Handler][] =>
    names.map((name) => {
      // Parameters and result are those of the method that it handles, and are passed on.
      const handler = handlers[name] as Handler;
      return [
        name,
        (parameters, context) =>
          turns[attempt](() => handler(parameters, context), { signal: context.signal }),
      ];
    });
  return { ...handlers, ...Object.fromEntries([...waiting(readers, 'read'), ...waiting(writers, 'write')]) };
}

export function createHandlers(parts: HandlerParts): Handlers {
  const { dataFolder, history, queue, scheduler, alerts, board, turns, onHistory } = parts;
  const schedules = (): Result<'listSchedules'> => ({
    schedules: scheduler.list(),
    paused: scheduler.isPaused,
    ...named(history.schedules.unreadable()),
  });
  const documentOf = (runId: number): RunDocument => {
    const { document, record } = history.runs.detail(runId, { document: true, samples: 0 });
    if (document === undefined) {
      throw new TidemarkError(
        'not-comparable',
        `Run #${runId} (${record.state}) has no document to compare.`,
        {
          hint: 'Choose two complete runs; `tidemark runs` lists them.',
        },
      );
    }
    return document;
  };
  const choices = new SharedWork(() => listChoices(dataFolder));
  const doctor = new SharedWork((signal) => examineInChild(dataFolder, signal));
  const handlers: Handlers = {
    status: () => board.read(),
    models: (_, { signal }) => choices.ask(signal),
    doctor: (_, { signal }) => doctor.ask(signal),
    checkEngine: async ({ engine, python }, { signal }) => {
      const named = ownPython(python, history.settings.get().python);
      await checkEngine({ engine, python: named }, { dataFolder, signal });
      return {};
    },

    load: ({ model, voice }) => queue.load(model, voice ?? profileDefaults.voice),
    unload: (_, { client }) => queue.unload(client.name),

    startProfile: (parameters, { client }) =>
      queue.add({ kind: 'profile', parameters }, { kind: 'request', client: client.name }),
    startStudy: (parameters, { client }) =>
      queue.add({ kind: 'study', parameters }, { kind: 'request', client: client.name }),
    cancel: ({ runId }, { client }) => queue.cancel(runId, client.name),

    listRuns: (filter) => history.runs.list({ limit: pageLength, ...filter }),
    getRun: ({ runId, ...options }) => history.runs.detail(runId, options),
    deleteRun: ({ runId }) => {
      history.runs.remove(runId);
      parts.notices.clear(`request-${runId}`);
      onHistory();
      return {};
    },
    prepareImport: (_, { signal }) => ({ path: parts.imports.prepare(signal) }),
    importRuns: ({ path, measured = false }, { client, signal }) =>
      parts.imports.run(path, signal, measured ? client.name : undefined),
    compareRuns: ({ baselineId, runId, threshold = defaultThreshold }) =>
      compareDocuments(
        { file: `#${baselineId}`, document: documentOf(baselineId) },
        { file: `#${runId}`, document: documentOf(runId) },
        threshold,
      ),

    listSchedules: schedules,
    setSchedule: ({ id, settings: wanted }) => scheduler.set(id, wanted),
    removeSchedule: async ({ id }, { signal }) => {
      scheduler.remove(id);
      await turns.read(() => alerts.afterRemoval(id), { signal });
      return {};
    },
    pauseSchedules: ({ id, paused }) => {
      scheduler.pause(id, paused);
      return schedules();
    },
    checkNow: ({ id }, { client }) =>
      id === undefined
        ? queue.add(
            { kind: 'profile', parameters: { model: studyModels[0] } },
            { kind: 'request', client: client.name },
          )
        : scheduler.checkNow(id),

    listAlerts: ({ all = false }) => ({
      alerts: history.alerts.list({ all }),
      ...named(history.alerts.unreadable()),
    }),
    acknowledgeAlerts: ({ id }) => ({ alerts: alerts.acknowledge(id) }),

    getSettings: () => history.settings.get(),
    setSettings: parts.changeSettings,

    shutdown: () => {
      parts.shutDown();
      return {};
    },
  };
  return inTurns(handlers, turns);
}
