/** Checks of the daemon: that it starts, answers under load, tells the truth about memory, and survives being killed or stopped. */

import { existsSync } from 'node:fs';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import { daemonStatus } from '@tidemark/shared/protocol/daemon/status.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { protocolVersion } from '@tidemark/shared/protocol/daemon/wire.ts';
import { megabytes, seconds as secondsText } from '@tidemark/shared/report/words.ts';
import { isRunning, residentBytesOf } from '../host/host-processes.ts';
import { tidemarkVersion } from '../version.ts';
import { expectFigures } from './check.ts';
import type { Check, Surroundings } from './check.ts';
import { waitUntil } from './programs.ts';
import type { RunningProgram } from './programs.ts';
import { endWords, lastLine } from './trial.ts';
import type { Trial } from './trial.ts';
import type { Workplace } from './workplace.ts';

/** Clients at the same time, and what each of them asks. */
const load = { clients: 16, requests: 40 } as const;

/** How much the daemon itself may grow over that. */
const mostGrowth = 150e6;

const daemon: Check = {
  id: 'daemon',
  title: 'Daemon',
  shows:
    'The daemon starts, answers many clients while it measures, is right about memory, and ends in good order.',
  run: async (trial, surroundings) => {
    const { workplace } = surroundings;
    await using running = workplace.start(workplace.daemonProgram);
    let host: number | undefined;
    await usingDaemon(trial, workplace, running, async (client) => {
      await workplace.document(trial, daemonStatus, ['status'], workplace.limits.command);
      const run = await client.call('startProfile', profileParameters(surroundings, 3));
      await expectAnswers(trial, workplace, client);
      const ended = await endOf(trial, workplace, client, run.id);
      const { document } = await client.call('getRun', { runId: run.id });
      if (
        trial.expect('the run is in the history, complete', stateWords(ended), ended.state === 'complete')
      ) {
        trial.require('its document is a profile', document?.kind ?? 'none', document?.kind === 'profile');
        if (document?.kind === 'profile') {
          expectFigures(trial, document, 3);
        }
      }
      host = await expectTrueMemory(trial, client);
    });
    await expectGoodEnd(trial, workplace, running, host);
  },
};

export const profileParameters = (
  { models, voice, text }: Surroundings,
  iterations: number,
): ProfileParameters => ({ model: models[0] ?? '', voice, text, iterations });

/** Waits for a daemon that was just started, holds it to its greeting, and works with it. What it printed is evidence of a failure. */
export async function usingDaemon(
  trial: Trial,
  workplace: Workplace,
  running: RunningProgram,
  work: (client: DaemonClient) => Promise<void>,
): Promise<void> {
  const { limits } = workplace;
  try {
    await using client = await greeted(trial, workplace, () => !running.hasEnded);
    trial.expect(
      'the process that answers is the one that was started',
      client.daemon.pid === running.pid ? 'it is' : 'it is another one',
      client.daemon.pid === running.pid,
    );
    await work(client);
    trial.expect('the daemon runs on', running.hasEnded ? 'it ended' : 'it does', !running.hasEnded);
  } catch (error) {
    const ran = running.hasEnded ? await running.ended(limits.end) : await running.stop();
    trial.ran(['tidemark', 'daemon'], ran, true);
    throw error;
  }
}

/** Connects within the time to start, and requires this version of the program and of the protocol. */
export async function greeted(
  trial: Trial,
  workplace: Workplace,
  isStarting: () => boolean,
  seconds = workplace.limits.start,
): Promise<DaemonClient> {
  const startedAt = performance.now();
  const expected = `the daemon answers within ${seconds} s`;
  let client: DaemonClient;
  try {
    client = await workplace.connect(isStarting, seconds);
  } catch (error) {
    workplace.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    trial.require(expected, isStarting() ? message : `the process ended: ${message}`, false);
    throw error;
  }
  trial.expect(expected, `after ${secondsText((performance.now() - startedAt) / 1000)}`, true);
  const { daemonVersion, protocolVersion: spokenVersion } = client.daemon;
  trial.require(
    `it is version ${tidemarkVersion}, and speaks version ${protocolVersion} of the protocol`,
    `version ${daemonVersion}, protocol ${spokenVersion}`,
    daemonVersion === tidemarkVersion && spokenVersion === protocolVersion,
  );
  return client;
}

/** Many clients ask at once, while the daemon measures. */
async function expectAnswers(trial: Trial, workplace: Workplace, client: DaemonClient): Promise<void> {
  const before = (await client.call('status', {})).daemon.residentBytes;
  let slowest = 0;
  let answers = 0;
  const failures: string[] = [];
  const ask = async (): Promise<void> => {
    try {
      await using one = await workplace.connectOnce();
      for (let request = 0; request < load.requests; request += 1) {
        const startedAt = performance.now();
        await (request % 2 === 0 ? one.call('status', {}) : one.call('listRuns', { limit: 20 }));
        slowest = Math.max(slowest, performance.now() - startedAt);
        answers += 1;
      }
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  };
  await Promise.all(Array.from({ length: load.clients }, ask));
  workplace.signal.throwIfAborted();
  const asked = load.clients * load.requests;
  trial.require(
    `${load.clients} clients at once get all ${asked} answers, each within ${workplace.limits.answer} s`,
    failures.length === 0
      ? `${answers} answers, the slowest after ${secondsText(slowest / 1000)}`
      : `${answers} answers, and ${counted(failures.length, 'client')} failed: ${failures[0] ?? ''}`,
    failures.length === 0 && answers === asked,
  );
  const grown = (await client.call('status', {})).daemon.residentBytes - before;
  trial.expect(
    `the daemon itself grows by less than ${megabytes(mostGrowth)} over them`,
    megabytes(Math.max(0, grown)),
    grown < mostGrowth,
  );
}

/** Waits until a run has ended. Requires that it does. */
async function endOf(
  trial: Trial,
  { limits, signal }: Workplace,
  client: DaemonClient,
  runId: number,
): Promise<RunRecord> {
  const find = async (): Promise<RunRecord> =>
    (await client.call('getRun', { runId, document: false, samples: 0 })).record;
  const hasEnded = await waitUntil(async () => !isOpen((await find()).state), {
    seconds: limits.measurement,
    signal,
  });
  const record = await find();
  trial.require(`the run ends within ${limits.measurement} s`, record.state, hasEnded);
  return record;
}

const stateWords = ({ state, reason }: RunRecord): string =>
  reason === undefined ? state : `${state}: ${reason}`;

/** By how much what the daemon says of a process may differ from what the system says. */
const memoryTolerance = { share: 0.25, bytes: 64e6 } as const;

/** The daemon's figures of itself and of its idle host, held against the system's. Returns the host's process. */
async function expectTrueMemory(trial: Trial, client: DaemonClient): Promise<number | undefined> {
  const { daemon: own, host } = await client.call('status', {});
  const compare = async (what: string, pid: number, said: number): Promise<void> => {
    const residentBytes = await residentBytesOf(pid);
    const allowed = Math.max(memoryTolerance.bytes, memoryTolerance.share * residentBytes);
    trial.expect(
      `the memory of ${what} is what the system says, ${megabytes(residentBytes)}, within ${megabytes(allowed)}`,
      megabytes(said),
      Math.abs(said - residentBytes) <= allowed,
    );
  };
  await compare('the daemon', own.pid, own.residentBytes);
  if (host.pid === undefined || host.memory === undefined) {
    trial.expect('a model host is kept after the run', host.state, false);
  } else if (process.platform === 'linux') {
    await compare('the idle model host', host.pid, host.memory.footprintBytes);
  } else {
    // `ps` leaves out what the GPU alone holds, so the footprint is more, and never less than MLX's own memory.
    trial.expect(
      `the footprint of the idle model host is above its active memory, ${megabytes(host.memory.activeBytes)}`,
      megabytes(host.memory.footprintBytes),
      host.memory.footprintBytes > host.memory.activeBytes,
    );
  }
  return host.pid;
}

/** SIGTERM ends it with 0, and nothing of it is left. */
export async function expectGoodEnd(
  trial: Trial,
  workplace: Workplace,
  running: RunningProgram,
  host?: number,
): Promise<void> {
  const { limits, socketPath, signal } = workplace;
  running.signal('SIGTERM');
  const hasEnded = await waitUntil(() => running.hasEnded, { seconds: limits.end, signal });
  const ran = await running.stop();
  trial.ran(['tidemark', 'daemon'], ran, ran.exitCode !== 0);
  trial.require(
    `SIGTERM ends the daemon within ${limits.end} s`,
    hasEnded ? 'it does' : 'it runs on',
    hasEnded,
  );
  trial.expect(
    'it ends with exit code 0',
    `${endWords(ran)} ${lastLine(ran.stderr)}`.trim(),
    ran.exitCode === 0,
  );
  trial.expect(
    'its socket is gone',
    existsSync(socketPath) ? 'it is there' : 'it is',
    !existsSync(socketPath),
  );
  if (host !== undefined) {
    await expectGone(trial, host, workplace);
  }
}

export async function expectGone(trial: Trial, host: number, { limits, signal }: Workplace): Promise<void> {
  const isGone = await waitUntil(async () => !(await isRunning(host)), { seconds: limits.end, signal });
  trial.expect(
    `its model host ends within ${limits.end} s`,
    isGone ? 'it does' : `process ${host} runs on`,
    isGone,
  );
}

const killed: Check = {
  id: 'daemon-killed',
  title: 'Daemon, killed',
  shows: 'After kill -9 in the middle of a run, a new daemon starts, and the run is recorded as interrupted.',
  run: async (trial, surroundings) => {
    const { workplace } = surroundings;
    let long: LongRun | undefined;
    {
      await using first = workplace.start(workplace.daemonProgram);
      await usingDaemon(trial, workplace, first, async (client) => {
        long = await startLongRun(trial, workplace, client, surroundings);
      });
      first.signal('SIGKILL');
      const ran = await first.ended(workplace.limits.end);
      trial.ran(['tidemark', 'daemon'], ran, false);
      trial.expect('SIGKILL ends it', endWords(ran), ran.signal === 'SIGKILL');
    }
    const { runId, host } = present(long);
    await expectGone(trial, host, workplace);
    await using second = workplace.start(workplace.daemonProgram);
    await usingDaemon(trial, workplace, second, (client) => expectInterrupted(trial, client, runId));
  },
};

export interface LongRun {
  readonly runId: number;
  /** The process of its model host. */
  readonly host: number;
}

/** Starts a run that goes on for long, and waits until it measures. */
export async function startLongRun(
  trial: Trial,
  { limits, signal }: Workplace,
  client: DaemonClient,
  surroundings: Surroundings,
): Promise<LongRun> {
  const { id } = await client.call('startProfile', profileParameters(surroundings, 100_000));
  let found: RunRecord | undefined;
  const isMeasuring = await waitUntil(
    async () => {
      found = (await client.call('getRun', { runId: id, document: false, samples: 0 })).record;
      return found.samplesTaken > 0 || !isOpen(found.state);
    },
    { seconds: limits.measurement, signal },
  );
  trial.require(
    'a run measures',
    found === undefined ? 'nothing' : `${stateWords(found)}, ${counted(found.samplesTaken, 'sample')}`,
    isMeasuring && found !== undefined && isOpen(found.state),
  );
  const { host } = await client.call('status', {});
  return { runId: id, host: host.pid ?? 0 };
}

export async function expectInterrupted(trial: Trial, client: DaemonClient, runId: number): Promise<void> {
  const { record } = await client.call('getRun', { runId, document: false, samples: 0 });
  trial.expect(
    'the run that was under way is in the history as interrupted, with its samples',
    `${stateWords(record)}; ${counted(record.samplesTaken, 'sample')}`,
    record.state === 'interrupted' && record.samplesTaken > 0,
  );
}

/** What a step that did not throw has set. */
export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error('a step ended without its result');
  }
  return value;
}

export const daemonChecks: readonly Check[] = [daemon, killed];
