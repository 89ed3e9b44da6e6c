/** The documents of the commands about the daemon, its history and its service: what `--json` prints of each. */

import * as v from 'valibot';
import { importResult } from './daemon/methods.ts';
import { runProgress } from './daemon/run-progress.ts';
import { runRecord, unreadableRow } from './daemon/run-record.ts';
import { alert, schedule } from './daemon/schedule.ts';
import { daemonSettings } from './daemon/settings.ts';
import { daemonStatus, hostStatus } from './daemon/status.ts';
import { iterationSample } from './profile-document.ts';
import { count, moment, text } from './quantities.ts';

/** Each raised when a field of its kind changes its meaning or goes; a new field does not raise it. */
const daemonDocumentVersions = {
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

type DaemonDocumentKind = keyof typeof daemonDocumentVersions;

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
  /** Whether runs follow that `--before` lists. */
  hasMore: v.optional(v.boolean()),
  /** Runs of this part of the history that cannot be read, the first hundred. */
  unreadable: v.optional(v.array(unreadableRow)),
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
  /** Those that cannot be read and never come due. */
  unreadable: v.optional(v.array(unreadableRow)),
});

export type SchedulesDocument = v.InferOutput<typeof schedulesDocument>;

export const alertsDocument = v.object({
  ...head('alerts'),
  alerts: v.array(alert),
  unreadable: v.optional(v.array(unreadableRow)),
});

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
  ...importResult.entries,
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

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const serviceSchemaVersion = 1;

const serviceStates = [
  /** The system knows nothing of it. */
  'not-installed',
  /** Its definition is there, and nothing runs until it is started or the person logs in. */
  'installed-not-loaded',
  /** The system manages it, and it ended in good order or is about to begin. */
  'loaded-not-running',
  'running',
  /** It ended by a signal or with an exit code that is not 0. */
  'crashed',
  /** What is installed or runs is not what this version of Tidemark would install. Whether it runs, `pid` says. */
  'outdated',
  /** The person, or a setting of the system, forbade that it is started. */
  'disabled',
  /** There is no manager of services here that Tidemark knows. */
  'unsupported',
] as const;

const serviceState = v.picklist(serviceStates);

export type ServiceState = v.InferOutput<typeof serviceState>;

const serviceActions = ['status', 'install', 'uninstall', 'start', 'stop', 'restart'] as const;

export type ServiceAction = (typeof serviceActions)[number];

/** One thing that was done to the system, or with a dry run would be. */
const serviceStep = v.variant('kind', [
  v.object({
    kind: v.literal('command'),
    words: v.pipe(v.array(text), v.minLength(1)),
    /** Whether it only asks; such a command is run in a dry run too. */
    asks: v.boolean(),
    /** Absent where it was not run, or was ended by a signal. */
    exitCode: v.optional(count),
    /** What its exit code means here. */
    outcome: v.optional(text),
  }),
  v.object({
    kind: v.picklist(['make-folder', 'write', 'rename', 'remove']),
    path: text,
    done: v.boolean(),
  }),
  v.object({ kind: v.literal('wait'), for: text, done: v.boolean() }),
]);

export type ServiceStep = v.InferOutput<typeof serviceStep>;

export const serviceFacts = v.object({
  manager: v.picklist(['launchd', 'systemd', 'none']),
  state: serviceState,
  /** A sentence about the state. */
  message: text,
  /** What to do next, where there is something. */
  hint: v.optional(text),
  /** What the manager calls it. */
  label: text,
  /** The property list or the unit; it need not exist. */
  definitionFile: v.optional(text),
  isInstalled: v.boolean(),
  isLoaded: v.boolean(),
  isDisabled: v.boolean(),
  pid: v.optional(count),
  /** How often the manager has started it since it was loaded. */
  runs: v.optional(count),
  lastExitCode: v.optional(count),
  /** As the manager names it: `Killed: 9`. */
  lastSignal: v.optional(text),
  /** Whether the manager starts it no more by itself, after failures. */
  gaveUp: v.optional(v.boolean()),
  /** Why the daemon failed last, by its log; absent while it runs. */
  lastError: v.optional(text),
  /** What of the definition is not as it would be written now. */
  differences: v.array(text),
  /** A file that the installed definition starts and that is gone: the clone or the package has moved, or its Node has. */
  missing: v.optional(text),
  /** The daemon that answers on the socket, whoever started it. */
  daemon: v.optional(v.object({ pid: count, version: text })),
  /** The version that would be installed. */
  version: text,
  /** The command line that the definition has, or would have. */
  program: v.array(text),
  dataFolder: text,
  logFile: text,
  /** What the process itself prints; absent where the manager keeps that. */
  outputFile: v.optional(text),
});

export type ServiceFacts = v.InferOutput<typeof serviceFacts>;

export const serviceDocument = v.object({
  kind: v.literal('service'),
  schemaVersion: v.literal(serviceSchemaVersion),
  asOf: moment,
  action: v.picklist(serviceActions),
  /** Nothing was changed: `steps` says what would be. */
  isDryRun: v.boolean(),
  ...serviceFacts.entries,
  steps: v.array(serviceStep),
  /** What a person should know besides. */
  notices: v.array(text),
});

export type ServiceDocument = v.InferOutput<typeof serviceDocument>;
