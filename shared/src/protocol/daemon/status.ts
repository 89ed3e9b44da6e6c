/** What the daemon says of itself at a glance: the host, the run, the queue, the next check, the alerts. */

import * as v from 'valibot';
import { bytes, count, moment, seconds, text } from '../quantities.ts';
import { workloadSummary } from '../workload.ts';
import { alert, alertCounts, scheduleId } from './schedule.ts';
import { runProgress } from './run-progress.ts';
import { leakSummary, runId, runRecord } from './run-record.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const statusSchemaVersion = 1;

/** Memory of the host, read at one moment. */
const memoryReading = v.object({
  asOf: moment,
  /** `idle`: nothing ran. `iteration`: after an iteration of a run. */
  context: v.picklist(['idle', 'iteration']),
  activeBytes: bytes,
  /** Of the last iteration; the active memory where none has run yet. */
  peakBytes: bytes,
  cacheBytes: bytes,
  footprintBytes: bytes,
});

export type MemoryReading = v.InferOutput<typeof memoryReading>;

const hostStates = [
  /** No host runs. */
  'none',
  'starting',
  'loading',
  /** A model is loaded, and nothing runs. */
  'idle',
  'busy',
  'ending',
  /** It died, and is started again only after a while. */
  'backing-off',
] as const;

export const hostStatus = v.object({
  state: v.picklist(hostStates),
  pid: v.optional(count),
  model: v.optional(text),
  voice: v.optional(text),
  /** What runs the model; absent for Tidemark's own network. */
  engine: v.optional(text),
  loadedAt: v.optional(moment),
  /** When it is ended for idleness. */
  unloadsAt: v.optional(moment),
  memory: v.optional(memoryReading),
  /** Hosts that died by themselves since the daemon began, and the last one's end. */
  deaths: count,
  lastDeath: v.optional(v.object({ at: moment, reason: text, signal: v.optional(text) })),
});

export type HostStatus = v.InferOutput<typeof hostStatus>;

export const daemonStatus = v.object({
  kind: v.literal('status'),
  schemaVersion: v.literal(statusSchemaVersion),
  asOf: moment,
  daemon: v.object({
    pid: count,
    version: text,
    protocolVersion: count,
    startedAt: moment,
    uptimeSeconds: seconds,
    residentBytes: bytes,
    dataFolder: text,
    socketPath: text,
    logFile: v.optional(text),
    node: text,
  }),
  host: hostStatus,
  /** The run that is at work, with its latest step. */
  current: v.optional(v.object({ record: runRecord, progress: v.optional(runProgress) })),
  queued: v.array(runRecord),
  schedules: v.object({
    count,
    paused: v.boolean(),
    next: v.optional(v.object({ scheduleId, name: text, at: moment })),
  }),
  alerts: v.object({ ...alertCounts.entries, latest: v.optional(alert) }),
  /** The newest scheduled profile, or other one that was long enough for the leak rule to decide: see `isLeakCheck`. */
  lastCheck: v.optional(
    v.object({ runId, at: moment, model: text, leak: v.optional(leakSummary), finding: v.optional(text) }),
  ),
  /** The newest profile with figures and those before it that did the same work, oldest first, 30 at most: for a sparkline. */
  recentPeaks: v.array(v.object({ runId, at: moment, model: text, peakBytes: bytes, activeBytes: bytes })),
  /** The work that they have in common; the text in its first 200 characters, and absent where phonemes were given. */
  recentPeaksOf: v.optional(
    v.object({
      model: text,
      voice: text,
      text: v.optional(text),
      workload: v.optional(workloadSummary),
      iterations: count,
      warmupIterations: count,
    }),
  ),
  /** Something about the daemon itself that a person should know: a database set aside, a full disk. */
  notices: v.array(v.object({ at: moment, message: text, hint: v.optional(text) })),
});

export type DaemonStatus = v.InferOutput<typeof daemonStatus>;
