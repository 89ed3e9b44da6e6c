/** What a daemon could say of itself, for tests of what is made of it. */

import { exampleLoad, exampleSample } from '@tidemark/shared/test/example-documents.ts';
import {
  exampleAlert,
  exampleProgress,
  exampleRun,
  exampleStatus,
} from '@tidemark/shared/test/example-messages.ts';
import type { Alert } from '@tidemark/shared/protocol/daemon/schedule.ts';
import type { RunProgress } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { DaemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';

/** The moment at which the examples are looked at. */
export const exampleNow = new Date('2026-11-24T12:00:00.000Z');

/** So many seconds before it. */
export const secondsAgo = (seconds: number): string =>
  new Date(exampleNow.getTime() - seconds * 1000).toISOString();

const atWork = (changes: Partial<RunRecord> = {}): RunRecord =>
  exampleRun(12, {
    state: 'running',
    trigger: { kind: 'request', client: 'cli' },
    iterations: 15,
    samplesTaken: 4,
    queuedAt: secondsAgo(60),
    startedAt: secondsAgo(60),
    endedAt: undefined,
    seconds: undefined,
    figures: undefined,
    leak: undefined,
    finding: undefined,
    ...changes,
  });

/** The third measured iteration is over. */
const progress = (): RunProgress =>
  exampleProgress({
    runId: 12,
    at: secondsAgo(1),
    done: 4,
    total: 16,
    step: { kind: 'iteration', phase: 'measured', place: 3, of: 15, model: 'bf16', sample: exampleSample(3) },
  });

const openAlert = (): Alert =>
  exampleAlert({
    scheduleName: 'nightly',
    state: 'open',
    raisedAt: secondsAgo(3600),
    reason: 'The peak is 640.0 MB, 6.7% above the 600.0 MB that this schedule had.',
  });

/** Idle, with a model loaded and nothing scheduled. */
export const idleStatus = (changes: Partial<DaemonStatus> = {}): DaemonStatus => {
  const { daemon, host } = exampleStatus();
  return exampleStatus({
    asOf: secondsAgo(0),
    daemon: { ...daemon, startedAt: secondsAgo(7200), uptimeSeconds: 7200 },
    host: {
      ...host,
      state: 'idle',
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
      lastDeath: undefined,
    },
    current: undefined,
    queued: [],
    schedules: { count: 0, paused: false },
    alerts: { open: 0, acknowledged: 0 },
    lastCheck: undefined,
    recentPeaks: [],
    recentPeaksOf: undefined,
    notices: [],
    ...changes,
  });
};

/** Everything that there can be at once. */
export const busyStatus = (): DaemonStatus => {
  const idle = idleStatus();
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
    current: { record: atWork(), progress: progress() },
    queued: [atWork({ id: 13, state: 'queued', kind: 'study', models: ['bf16', '4bit-fp32', '4bit-bf16'] })],
    schedules: { count: 1, paused: false, next: { scheduleId: 1, name: 'nightly', at: secondsAgo(-3600) } },
    alerts: { open: 1, acknowledged: 2, latest: openAlert() },
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
