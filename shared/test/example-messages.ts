/** What the daemon says, for tests: true to its schemas, and with every optional field. */

import { exampleLoad, exampleSample } from './example-documents.ts';
import type { Alert, Schedule } from '../src/protocol/daemon/schedule.ts';
import type { RunProgress } from '../src/protocol/daemon/run-progress.ts';
import type { RunRecord } from '../src/protocol/daemon/run-record.ts';
import { defaultDaemonSettings } from '../src/protocol/daemon/settings.ts';
import type { DaemonSettings } from '../src/protocol/daemon/settings.ts';
import { statusSchemaVersion } from '../src/protocol/daemon/status.ts';
import type { DaemonStatus } from '../src/protocol/daemon/status.ts';
import { protocolVersion } from '../src/protocol/daemon/wire.ts';

/** The 24th of November, so many minutes after ten. */
export const exampleMoment = (minutes: number): string =>
  new Date(Date.UTC(2026, 10, 24, 10, minutes)).toISOString();

/** A profile that was done without a finding. */
export function exampleRun(id = 7, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    uid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    kind: 'profile',
    state: 'complete',
    trigger: { kind: 'schedule', scheduleId: 2, scheduleName: 'Every hour' },
    models: ['bf16'],
    voice: 'af_heart',
    text: 'Hello.',
    iterations: 5,
    warmupIterations: 1,
    samplesTaken: 6,
    queuedAt: exampleMoment(0),
    startedAt: exampleMoment(1),
    endedAt: exampleMoment(2),
    seconds: 60,
    figures: {
      activeBytes: 160_500_000,
      peakBytes: 600_000_000,
      maximumPeakBytes: 605_000_000,
      cacheBytes: 33_000_000,
      footprintBytes: 330_000_000,
      secondsPerIteration: 2,
    },
    leak: 'no-leak',
    finding: 'No leak.',
    ...changes,
  };
}

/** A run whose host died. */
export const exampleInterruptedRun = (id = 6): RunRecord =>
  exampleRun(id, {
    state: 'interrupted',
    trigger: { kind: 'request', client: 'cli' },
    reason: 'The model host was killed.',
    signal: 'SIGKILL',
    error: { code: 'host-died', message: 'The model host was killed.', hint: 'Profile again.' },
  });

export const exampleProgress = (changes: Partial<RunProgress> = {}): RunProgress => ({
  runId: 8,
  runKind: 'profile',
  at: exampleMoment(3),
  done: 2,
  total: 6,
  step: {
    kind: 'iteration',
    phase: 'measured',
    place: 1,
    of: 5,
    model: 'bf16',
    sample: exampleSample(1),
  },
  ...changes,
});

/** One of each step that a run can be at. */
export const exampleSteps: readonly RunProgress['step'][] = [
  { kind: 'queued', ahead: 1 },
  { kind: 'preparing', message: 'Building bf16', fraction: 0.5 },
  { kind: 'model', model: 'bf16', place: 1, of: 2 },
  { kind: 'loading', model: 'bf16' },
  { kind: 'loaded', model: 'bf16', load: exampleLoad },
  exampleProgress().step,
  { kind: 'confirming', channels: ['activeBytes'], iterations: 10 },
  { kind: 'attributing' },
  { kind: 'intervention', name: 'float32 activations', place: 1, of: 3 },
  { kind: 'trouble', what: 'x/y', error: { code: 'network', message: 'Not reached.', hint: 'Later.' } },
  { kind: 'ended', record: exampleRun(8) },
];

export const exampleAlert = (changes: Partial<Alert> = {}): Alert => ({
  id: 3,
  kind: 'peak',
  scheduleId: 2,
  scheduleName: 'Every hour',
  model: 'bf16',
  state: 'resolved',
  raisedAt: exampleMoment(4),
  acknowledgedAt: exampleMoment(5),
  resolvedAt: exampleMoment(6),
  reason: 'The peak is 10% above its baseline.',
  hint: 'Compare run 7 with run 4.',
  baseline: 600_000_000,
  observed: 660_000_000,
  runIds: [5, 6, 7],
  ...changes,
});

export const exampleSchedule = (changes: Partial<Schedule> = {}): Schedule => ({
  id: 2,
  name: 'Every hour',
  timing: { kind: 'cron', expression: '0 * * * *', timeZone: 'Europe/Berlin' },
  model: 'bf16',
  voice: 'af_heart',
  text: 'Hello.',
  iterations: 5,
  warmupIterations: 1,
  jitterSeconds: 60,
  skipOnBattery: true,
  skipInLowPowerMode: true,
  paused: false,
  createdAt: exampleMoment(0),
  nextAt: exampleMoment(60),
  lastRunId: 7,
  lastRunAt: exampleMoment(1),
  lastSkip: { at: exampleMoment(0), reason: 'on battery', missed: 2 },
  ...changes,
});

export const exampleSettings = (): DaemonSettings => structuredClone(defaultDaemonSettings);

/** Busy with run 8, while run 9 waits. */
export const exampleStatus = (changes: Partial<DaemonStatus> = {}): DaemonStatus => ({
  kind: 'status',
  schemaVersion: statusSchemaVersion,
  asOf: exampleMoment(3),
  daemon: {
    pid: 4711,
    version: '0.1.0',
    protocolVersion,
    startedAt: exampleMoment(0),
    uptimeSeconds: 180,
    residentBytes: 60_000_000,
    dataFolder: '/data',
    socketPath: '/data/run/daemon.sock',
    logFile: '/data/logs/daemon.log',
    node: '26.10.0',
  },
  host: {
    state: 'busy',
    pid: 4712,
    model: 'bf16',
    voice: 'af_heart',
    loadedAt: exampleMoment(1),
    unloadsAt: exampleMoment(20),
    memory: {
      asOf: exampleMoment(3),
      context: 'iteration',
      activeBytes: 160_500_000,
      peakBytes: 600_000_000,
      cacheBytes: 33_000_000,
      footprintBytes: 330_000_000,
    },
    deaths: 1,
    lastDeath: { at: exampleMoment(0), reason: 'The model host was killed.', signal: 'SIGKILL' },
  },
  current: { record: exampleRun(8, { state: 'running' }), progress: exampleProgress() },
  queued: [exampleRun(9, { state: 'queued' })],
  schedules: { count: 1, paused: false, next: { scheduleId: 2, name: 'Every hour', at: exampleMoment(60) } },
  alerts: { open: 1, acknowledged: 0, latest: exampleAlert() },
  lastCheck: { runId: 7, at: exampleMoment(2), model: 'bf16', leak: 'no-leak', finding: 'No leak.' },
  recentPeaks: [
    { runId: 7, at: exampleMoment(2), model: 'bf16', peakBytes: 600_000_000, activeBytes: 160_500_000 },
  ],
  recentPeaksOf: {
    model: 'bf16',
    voice: 'af_heart',
    text: 'Hello.',
    iterations: 5,
    warmupIterations: 1,
  },
  notices: [{ at: exampleMoment(0), message: 'The database was set aside.', hint: 'See the log.' }],
  ...changes,
});
