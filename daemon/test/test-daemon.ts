/** Starts daemons for tests, each with a data folder and a socket of its own, and ends them. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectWhenReady } from '@tidemark/shared/client/connect-when-ready.ts';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import type { ProfileParameters } from '@tidemark/shared/protocol/daemon/methods.ts';
import { isOpen } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeTinyKokoro } from './tiny-kokoro.ts';

const script = fileURLToPath(new URL('daemon-process.ts', import.meta.url));

export interface TestDaemonOptions {
  readonly dataFolder?: string;
  readonly hostEntry?: string;
  readonly timing?: Readonly<Record<string, number>>;
  readonly silenceSeconds?: number;
  /** Words before Node's own, for a limit that a shell sets: `ulimit -f 100`. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class TestDaemon {
  readonly dataFolder: string;
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>();
  #stderr = '';

  private constructor(dataFolder: string, child: ChildProcess) {
    this.dataFolder = dataFolder;
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    child.on('exit', (code, signal) => this.#ended.resolve({ code, signal }));
  }

  /** Starts one, and waits until it answers. */
  static async start(options: TestDaemonOptions = {}): Promise<TestDaemon> {
    const { daemon, client } = await TestDaemon.connected(options);
    await client.close();
    return daemon;
  }

  /** Starts one with a client of it, which loses its connection when the daemon is ended after the test. */
  static async connected(
    options: TestDaemonOptions = {},
  ): Promise<{ readonly daemon: TestDaemon; readonly client: DaemonClient }> {
    const daemon = TestDaemon.spawn(options);
    return { daemon, client: await daemon.client() };
  }

  /** Starts one that may not come to answer. */
  static spawn({
    dataFolder = temporaryFolder(),
    environment = {},
    ...options
  }: TestDaemonOptions = {}): TestDaemon {
    const child = fork(script, [JSON.stringify({ dataFolder, ...options })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, TIDEMARK_HOME: dataFolder, ...environment },
      execArgv: [],
    });
    const daemon = new TestDaemon(dataFolder, child);
    after(() => daemon.kill());
    return daemon;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get socketPath(): string {
    return socketPathOf(this.dataFolder);
  }

  get stderr(): string {
    return this.#stderr;
  }

  get ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.#ended.promise;
  }

  /** Connects as soon as it listens; to be closed by the caller. */
  async client(): Promise<DaemonClient> {
    const { socketPath } = this;
    const client = { name: 'test', version: '0' };
    try {
      return await connectWhenReady(
        { socketPath, client, timeoutMilliseconds: 20_000 },
        20_000,
        () => this.#child.exitCode === null,
      );
    } catch (error) {
      throw new Error(`the daemon does not answer: ${this.#stderr}`, { cause: error });
    }
  }

  /** Moves the daemon's calendar. */
  setClock(milliseconds: number): void {
    this.#child.send(milliseconds);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.#ended.promise;
  }
}

/** A model that says `abc` in some milliseconds, with the parameters of a request that does so. */
export function tinyModel(): { model: string; voice: string; phonemes: string; warmupIterations: number } {
  const model = join(temporaryFolder(), 'tiny');
  writeTinyKokoro(model);
  return { model, voice: 'af_tiny', phonemes: 'abc.', warmupIterations: 1 };
}

/** A run that must be complete: its record. */
export async function runToEnd(client: DaemonClient, parameters: ProfileParameters): Promise<RunRecord> {
  const { id } = await client.call('startProfile', parameters);
  const record = await untilEnded(client, id);
  assert.equal(record.state, 'complete', record.reason ?? '');
  return record;
}

/** Waits for a run's end by asking, as a client that saw none of its events. */
export async function untilEnded(client: DaemonClient, runId: number, seconds = 60): Promise<RunRecord> {
  return await untilRun(client, runId, ({ state }) => !isOpen(state), seconds);
}

/** Waits until a run is in some state. */
export async function untilRun(
  client: DaemonClient,
  runId: number,
  holds: (record: RunRecord) => boolean,
  seconds = 60,
): Promise<RunRecord> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const { record } = await client.call('getRun', { runId, document: false, samples: 0 });
    if (holds(record)) {
      return record;
    }
    if (Date.now() > end) {
      throw new Error(
        `run #${runId} is ${record.state} with ${record.samplesTaken} samples after ${seconds} s`,
      );
    }
    await delay(50);
  }
}
