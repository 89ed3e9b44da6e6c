/** The documents of the commands that ask the daemon or its history: what `--json` prints of each. */

import * as v from 'valibot';
import { alert } from './daemon/alert.ts';
import { runProgress } from './daemon/run-progress.ts';
import { runRecord } from './daemon/run-record.ts';
import { schedule } from './daemon/schedule.ts';
import { daemonSettings } from './daemon/settings.ts';
import { daemonStatus, hostStatus } from './daemon/status.ts';
import { iterationSample } from './profile-document.ts';
import { count, moment, text } from './quantities.ts';

/** Each raised when a field of its kind changes its meaning or goes; a new field does not raise it. */
export const daemonDocumentVersions = {
  runs: 1,
  run: 1,
  schedules: 1,
  alerts: 1,
  settings: 1,
  host: 1,
  export: 1,
  import: 1,
  watch: 1,
} as const;

export type DaemonDocumentKind = keyof typeof daemonDocumentVersions;

/** What such a document begins with. */
export const headOf = <const Kind extends DaemonDocumentKind>(
  kind: Kind,
): { readonly kind: Kind; readonly schemaVersion: (typeof daemonDocumentVersions)[Kind] } => ({
  kind,
  schemaVersion: daemonDocumentVersions[kind],
});

const head = <const Kind extends DaemonDocumentKind>(kind: Kind) => ({
  kind: v.literal(kind),
  schemaVersion: v.literal(daemonDocumentVersions[kind]),
});

/** Runs of the history, newest first. */
export const runsDocument = v.object({
  ...head('runs'),
  runs: v.array(runRecord),
  /** How many the filters let through; the list may stop short of them. */
  total: count,
});

export type RunsDocument = v.InferOutput<typeof runsDocument>;

/** One run: where it left no profile or study behind, with the iterations that it came to. */
export const singleRunDocument = v.object({
  ...head('run'),
  record: runRecord,
  samples: v.array(iterationSample),
});

export type SingleRunDocument = v.InferOutput<typeof singleRunDocument>;

export const schedulesDocument = v.object({
  ...head('schedules'),
  schedules: v.array(schedule),
  /** Whether all of them are, whatever each one says. */
  paused: v.boolean(),
});

export type SchedulesDocument = v.InferOutput<typeof schedulesDocument>;

export const alertsDocument = v.object({ ...head('alerts'), alerts: v.array(alert) });

export type AlertsDocument = v.InferOutput<typeof alertsDocument>;

export const settingsDocument = v.object({ ...head('settings'), settings: daemonSettings });

export type SettingsDocument = v.InferOutput<typeof settingsDocument>;

/** The host after a model was loaded or unloaded. */
export const hostDocument = v.object({ ...head('host'), host: hostStatus });

export type HostDocument = v.InferOutput<typeof hostDocument>;

export const exportDocument = v.object({ ...head('export'), file: text, runs: count });

export type ExportDocument = v.InferOutput<typeof exportDocument>;

export const importDocument = v.object({
  ...head('import'),
  file: text,
  added: count,
  /** Runs that the history had already. */
  known: count,
  schedules: count,
  alerts: count,
  /** Lines that could not be read, counted from 1, and why. */
  refused: v.array(v.object({ line: count, reason: text })),
});

export type ImportDocument = v.InferOutput<typeof importDocument>;

/** One line of `tidemark watch --json`. */
export const watchLine = v.variant('event', [
  v.object({ ...head('watch'), event: v.literal('status'), at: moment, status: daemonStatus }),
  v.object({ ...head('watch'), event: v.literal('progress'), at: moment, progress: runProgress }),
  v.object({ ...head('watch'), event: v.literal('alert'), at: moment, alert }),
  /** The connection broke, or there is no daemon yet; it is tried again. */
  v.object({ ...head('watch'), event: v.literal('disconnected'), at: moment, reason: text }),
]);

export type WatchLine = v.InferOutput<typeof watchLine>;
