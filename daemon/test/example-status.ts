/** What a daemon could say of itself, for tests of what is made of it. */

import { exampleLoad, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';

/** The moment at which the examples are looked at. */
export const exampleNow = new Date('2026-11-24T12:00:00.000Z');

/** So many seconds before it. */
export const secondsAgo = (seconds: number): string =>
  new Date(exampleNow.getTime() - seconds * 1000).toISOString();

export const exampleRun = (changes: Partial<RunRecord> = {}): RunRecord => ({
  id: 12,
  uid: '3f0e0c0a-6d2e-4d0b-9f1a-0a1b2c3d4e5f',
  kind: 'profile',
  state: 'running',
  trigger: { kind: 'request', client: 'cli' },
  models: ['bf16'],
  voice: 'af_heart',
  text: 'Hello.',
  iterations: 15,
  warmupIterations: 1,
  samplesTaken: 4,
  queuedAt: secondsAgo(60),
  startedAt: secondsAgo(60),
  ...changes,
});

/** The third measured iteration is over. */
export const exampleProgress = (changes: Partial<RunProgress> = {}): RunProgress => ({
  runId: 12,
  runKind: 'profile',
  at: secondsAgo(1),
  done: 4,
  total: 16,
  step: { kind: 'iteration', phase: 'measured', place: 3, of: 15, model: 'bf16', sample: exampleSample(3) },
  ...changes,
});

export const exampleAlert: Alert = {
  id: 3,
  kind: 'peak',
  scheduleId: 1,
  scheduleName: 'nightly',
  model: 'bf16',
  state: 'open',
  raisedAt: secondsAgo(3600),
  reason: 'The peak is 640.0 MB, 6.7% above the 600.0 MB that this schedule had.',
  hint: 'Compare the runs.',
  runIds: [9, 10, 11],
};

/** Idle, with a model loaded and nothing scheduled. */
export const exampleStatus = (changes: Partial<DaemonStatus> = {}): DaemonStatus => ({
  kind: 'status',
  schemaVersion: 1,
  asOf: secondsAgo(0),
  daemon: {
    pid: 4711,
    version: '0.1.0',
    protocolVersion: 1,
    startedAt: secondsAgo(7200),
    uptimeSeconds: 7200,
    residentBytes: 78_100_000,
    dataFolder: '/somewhere/tidemark',
    socketPath: '/somewhere/tidemark/run/daemon.sock',
    logFile: '/somewhere/tidemark/logs/daemon.log',
    node: '26.10.0',
  },
  host: {
    state: 'idle',
    pid: 4712,
    model: 'bf16',
    voice: 'af_heart',
    loadedAt: secondsAgo(600),
    unloadsAt: secondsAgo(-300),
    memory: {
      asOf: secondsAgo(5),
      context: 'idle',
      activeBytes: exampleLoad.activeBytes,
      peakBytes: 600_000_000,
      cacheBytes: 0,
      footprintBytes: 330_000_000,
    },
    deaths: 0,
  },
  queued: [],
  schedules: { count: 0, paused: false },
  alerts: { open: 0, acknowledged: 0 },
  recentPeaks: [],
  notices: [],
  ...changes,
});

/** Everything that there can be at once. */
export const busyStatus = (): DaemonStatus => {
  const idle = exampleStatus();
  return {
    ...idle,
    host: {
      ...idle.host,
      state: 'busy',
      deaths: 2,
      lastDeath: {
        at: secondsAgo(1800),
        reason: 'It was ended by SIGKILL in iteration 3.',
        signal: 'SIGKILL',
      },
    },
    current: { record: exampleRun(), progress: exampleProgress() },
    queued: [
      exampleRun({ id: 13, state: 'queued', kind: 'study', models: ['bf16', '4bit-fp32', '4bit-bf16'] }),
    ],
    schedules: { count: 1, paused: false, next: { scheduleId: 1, name: 'nightly', at: secondsAgo(-3600) } },
    alerts: { open: 1, acknowledged: 2, latest: exampleAlert },
    lastCheck: {
      runId: 11,
      at: secondsAgo(3600),
      model: 'bf16',
      leak: 'leak',
      finding: 'Active memory grows by 16.4 kB an iteration.',
    },
    recentPeaks: [600, 601, 640].map((megabytes, place) => ({
      runId: 9 + place,
      at: secondsAgo(3600),
      model: 'bf16',
      peakBytes: megabytes * 1_000_000,
      activeBytes: 160_000_000,
    })),
    recentPeaksOf: {
      model: 'bf16',
      voice: 'af_heart',
      text: 'Hello.',
      iterations: 15,
      warmupIterations: 1,
    },
    notices: [{ at: secondsAgo(7200), message: 'The disk is full.', hint: 'Make room.' }],
  };
};
