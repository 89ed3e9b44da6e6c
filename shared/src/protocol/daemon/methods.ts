/** What clients can ask, with what parameters and what answer, and what subscribers are told. */

import * as v from 'valibot';
import { doctorDocument, modelsDocument } from '../command-documents.ts';
import { comparisonDocument } from '../comparison-document.ts';
import { granularities, iterationSample, spokenLanguage } from '../profile-document.ts';
import { count, moment, text } from '../quantities.ts';
import { runDocument } from '../run-document.ts';
import { mlxSettings } from '../mlx-settings.ts';
import { traceOrders } from '../trace-document.ts';
import { tracePicture } from '../trace-picture.ts';
import { engineRequest, engines, workloadRequest } from '../workload.ts';
import { runProgress } from './run-progress.ts';
import { leakSummary, runId, runKind, runRecord, runStates, unreadableRow } from './run-record.ts';
import { alert, alertId, schedule, scheduleId, scheduleSettings } from './schedule.ts';
import { daemonSettings, daemonSettingsChange } from './settings.ts';
import { daemonStatus, hostStatus } from './status.ts';
import { topics } from './wire.ts';
import type { Topic } from './wire.ts';

const nothing = v.strictObject({});
/** An answer that says no more than that it is done; a newer daemon may say more. */
const done = v.object({});
const name = v.pipe(text, v.maxLength(1024));
/** Characters of a search for runs. */
export const longestSearch = 200;
/** Characters of a path, which the system limits to as many bytes. */
const longestPath = 4096;
const utterance = v.pipe(text, v.maxLength(50_000));

/** What is said and how often; what is absent has the profiler's default. */
const loop = {
  text: v.optional(utterance),
  phonemes: v.optional(utterance),
  voice: v.optional(name),
  language: v.optional(spokenLanguage),
  iterations: v.optional(v.pipe(count, v.minValue(1), v.maxValue(1_000_000))),
  warmupIterations: v.optional(v.pipe(count, v.maxValue(1_000_000))),
  seed: v.optional(count),
  deterministic: v.optional(v.boolean()),
  speed: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(10))),
};

const profileParameters = v.strictObject({
  /** A name of the catalogue, a repository id, or an absolute folder. */
  model: name,
  ...loop,
  ...workloadRequest,
  /** What of MLX is set for the run's process; where it is there, that is always a fresh one. */
  mlx: v.optional(mlxSettings),
  attribute: v.optional(v.picklist(granularities)),
  /** In which order operations are traced. Default: `mlx`. */
  order: v.optional(v.picklist(traceOrders)),
  /** `held`: in the host that is kept, which loads the model if it has another. `fresh`: in a process of its own. */
  host: v.optional(v.picklist(['held', 'fresh'])),
});

export type ProfileParameters = v.InferOutput<typeof profileParameters>;

const studyParameters = v.strictObject({
  /** Absent for the default study. */
  models: v.optional(v.pipe(v.array(name), v.minLength(1), v.maxLength(32))),
  ...loop,
  ...engineRequest,
  /** Asks the same of each of these, one after the other; not together with `engine`. */
  engines: v.optional(v.pipe(v.array(v.picklist(engines)), v.minLength(1), v.maxLength(engines.length))),
  /** Whether interventions are measured, on which verdicts rest. Default: true. */
  explain: v.optional(v.boolean()),
});

export type StudyParameters = v.InferOutput<typeof studyParameters>;

/** What a run is asked for, as the history keeps it. */
export const runRequest = v.variant('kind', [
  v.object({ kind: v.literal('profile'), parameters: profileParameters }),
  v.object({ kind: v.literal('study'), parameters: studyParameters }),
]);

export type RunRequest = v.InferOutput<typeof runRequest>;

/** A profile that an ended daemon or host left without a document has its samples only. */
export const runDetail = v.object({
  record: runRecord,
  document: v.optional(runDocument),
  samples: v.array(iterationSample),
  /** Of the traces that the document has, where they were asked for instead of them. */
  pictures: v.optional(v.array(tracePicture)),
});

export type RunDetail = v.InferOutput<typeof runDetail>;

const schedulesAnswer = v.object({
  schedules: v.array(schedule),
  paused: v.boolean(),
  /** Those that cannot be read and never come due; absent where there are none. */
  unreadable: v.optional(v.array(unreadableRow)),
});

/** What an import came to. */
export const importResult = v.object({
  added: count,
  /** Runs that the history had already. */
  known: count,
  /** Schedules, which come in paused, and alerts that are new. */
  schedules: count,
  alerts: count,
  /** The first thousand lines that were refused, counted from 1, and why as a sentence. */
  refused: v.array(v.object({ line: count, reason: text })),
  /** How many more than the thousand that are named. */
  moreRefused: v.optional(count),
});

export type ImportResult = v.InferOutput<typeof importResult>;

export const methods = {
  /** The first request of a connection: both sides say who they are. Answered whatever the client's version is. */
  hello: {
    parameters: v.strictObject({
      protocolVersion: count,
      client: v.strictObject({
        name: v.pipe(text, v.maxLength(64)),
        version: v.pipe(text, v.maxLength(64)),
      }),
    }),
    result: v.object({ protocolVersion: count, daemonVersion: text, pid: count, startedAt: moment }),
  },
  status: { parameters: nothing, result: daemonStatus },
  models: { parameters: nothing, result: modelsDocument },
  doctor: { parameters: nothing, result: doctorDocument },
  /** Whether a run by that engine can have a Python. Fails as the run would, and makes no environment. */
  checkEngine: { parameters: v.strictObject(engineRequest), result: done },

  /** Loads a model and a voice into the held host, building or fetching it where needed. Answers when it is loaded. */
  load: { parameters: v.strictObject({ model: name, voice: v.optional(name) }), result: hostStatus },
  /** Ends the held host, which gives its memory back. Fails while a run uses it. */
  unload: { parameters: nothing, result: hostStatus },

  /** Answers as soon as the run is in the history; `progress` events tell the rest. */
  startProfile: { parameters: profileParameters, result: runRecord },
  startStudy: { parameters: studyParameters, result: runRecord },
  /** Ends a queued or running run; its samples are kept. Answers when it has ended. */
  cancel: { parameters: v.strictObject({ runId }), result: runRecord },

  /**
   * Newest first. `before` is the last id of the page before. Each word of `search` is to be found in what is shown of a run:
   * its number, models, voice, text, schedule, engine, kind, state, verdict, why it ended, or a study's conclusion. Letters differ
   * neither by case nor by accents.
   */
  listRuns: {
    parameters: v.strictObject({
      limit: v.optional(v.pipe(count, v.minValue(1), v.maxValue(500))),
      before: v.optional(runId),
      kind: v.optional(runKind),
      model: v.optional(name),
      state: v.optional(v.picklist(runStates)),
      leak: v.optional(leakSummary),
      /** A watched program has none. */
      engine: v.optional(v.picklist(engines)),
      scheduleId: v.optional(scheduleId),
      search: v.optional(v.pipe(text, v.maxLength(longestSearch))),
    }),
    result: v.object({
      /** Fewer than `limit` where more would be too long for one answer. */
      runs: v.array(runRecord),
      total: count,
      /** Whether runs follow on another page; an older daemon does not say. */
      hasMore: v.optional(v.boolean()),
      /** Runs between those of the page that cannot be read, the first hundred; absent where there are none. */
      unreadable: v.optional(v.array(unreadableRow)),
    }),
  },
  /**
   * With `samples` the samples are thinned to so many at most, the first and last kept; `document: false` leaves it out. With
   * `traceColumns` the document comes without the traces of its operations, and with pictures of them in so many columns at most.
   */
  getRun: {
    parameters: v.strictObject({
      runId,
      document: v.optional(v.boolean()),
      samples: v.optional(v.pipe(count, v.maxValue(100_000))),
      traceColumns: v.optional(v.pipe(count, v.maxValue(2000))),
    }),
    result: runDetail,
  },
  deleteRun: { parameters: v.strictObject({ runId }), result: done },
  /** Makes a private file, which the client then fills with what `tidemark runs export` wrote. It goes with the connection. */
  prepareImport: { parameters: nothing, result: v.object({ path: text }) },
  /**
   * Imports such a file, and removes it. Answers at the end, which takes as long as it takes; what is added by then stays. With
   * `measured`, its documents are what this client has just measured, and are recorded as asked for by it.
   */
  importRuns: {
    parameters: v.strictObject({
      path: v.pipe(text, v.maxLength(longestPath)),
      measured: v.optional(v.boolean()),
    }),
    result: importResult,
  },
  /** `runId` against `baselineId`, by the rule of `tidemark compare`. `threshold` is a share. */
  compareRuns: {
    parameters: v.strictObject({
      baselineId: runId,
      runId,
      threshold: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10))),
    }),
    result: comparisonDocument,
  },

  listSchedules: { parameters: nothing, result: schedulesAnswer },
  /** Adds one, or with `id` replaces what is set of one. */
  setSchedule: {
    parameters: v.strictObject({ id: v.optional(scheduleId), settings: scheduleSettings }),
    result: schedule,
  },
  removeSchedule: { parameters: v.strictObject({ id: scheduleId }), result: done },
  /** One schedule, or without `id` all of them. */
  pauseSchedules: {
    parameters: v.strictObject({ id: v.optional(scheduleId), paused: v.boolean() }),
    result: schedulesAnswer,
  },
  /** A schedule's check now, whatever its timing; without `id` one of the default model that belongs to no schedule. */
  checkNow: { parameters: v.strictObject({ id: v.optional(scheduleId) }), result: runRecord },

  /** Newest first; resolved ones too with `all`. */
  listAlerts: {
    parameters: v.strictObject({ all: v.optional(v.boolean()) }),
    result: v.object({ alerts: v.array(alert), unreadable: v.optional(v.array(unreadableRow)) }),
  },
  /** One alert, or without `id` all open ones. One that cannot be read is removed, and is not among the answered ones. */
  acknowledgeAlerts: {
    parameters: v.strictObject({ id: v.optional(alertId) }),
    result: v.object({ alerts: v.array(alert) }),
  },

  getSettings: { parameters: nothing, result: daemonSettings },
  setSettings: { parameters: daemonSettingsChange, result: daemonSettings },

  /** Replaces what this connection is told; none for nothing. */
  subscribe: {
    parameters: v.strictObject({ topics: v.pipe(v.array(v.picklist(topics)), v.maxLength(8)) }),
    result: done,
  },
  /** Ends the daemon in good order. Answers first. */
  shutdown: { parameters: nothing, result: done },
} as const;

export type Method = keyof typeof methods;

export type Parameters<M extends Method> = v.InferInput<(typeof methods)[M]['parameters']>;

export type Result<M extends Method> = v.InferOutput<(typeof methods)[M]['result']>;

export const isMethod = (name: string): name is Method => Object.hasOwn(methods, name);

export const eventData = {
  /** Each step of a run. */
  progress: runProgress,
  /** Whenever something in it changes, four times a second at most. */
  status: daemonStatus,
  /** An alert that was raised, acknowledged or resolved. */
  alerts: alert,
} as const satisfies Record<Topic, v.GenericSchema>;

export type EventData<T extends Topic> = v.InferOutput<(typeof eventData)[T]>;
