/** The daemon's socket in a process of its own, over a stubbed core: what faults and hostile clients are tried on. */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exampleStatus } from '@tidemark/shared/test/example-messages.ts';
import { methods } from '@tidemark/shared/protocol/daemon/methods.ts';
import { SocketServer } from '../src/ipc/socket-server.ts';
import { keptLog, stubHandlers } from './stub-handlers.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What the process says of itself, after a collection of garbage. */
export interface SocketProcessReport {
  readonly residentBytes: number;
  /** JavaScript's, and what is outside it: buffers of sockets. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly connections: number;
  readonly openDescriptors: number;
  /** Requests whose client had gone before the answer. */
  readonly abortedRequests: number;
  readonly logLines: readonly string[];
}

export class SocketProcess implements AsyncDisposable {
  readonly socketPath: string;
  readonly #child: ChildProcess;

  private constructor(socketPath: string, child: ChildProcess) {
    this.socketPath = socketPath;
    this.#child = child;
  }

  static async start(): Promise<SocketProcess> {
    const socketPath = join(temporaryFolder(), 'run', 'daemon.sock');
    const child = fork(import.meta.filename, [socketPath], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return new SocketProcess(socketPath, child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether nothing that came has ended it. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async report(): Promise<SocketProcessReport> {
    this.#child.send('report');
    const [report] = (await once(this.#child, 'message')) as [SocketProcessReport];
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isAlive) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
  }
}

async function serve(socketPath: string): Promise<void> {
  const { log, lines } = keptLog();
  let abortedRequests = 0;
  const server = await SocketServer.listen({
    socketPath,
    version: '1',
    startedAt: new Date().toISOString(),
    log,
    handlers: stubHandlers({
      ...Object.fromEntries(Object.keys(methods).map((method) => [method, () => ({})])),
      status: () => exampleStatus(),
      listRuns: () => ({ runs: [], total: 0 }),
      deleteRun: () => ({ filler: 'x'.repeat(1_000_000) }),
      // Takes its time, and hears of its client's end.
      doctor: (_parameters, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            abortedRequests += 1;
            reject(signal.reason as Error);
          });
        }),
    }),
  });
  process.on('message', () => {
    void report().then((said) => process.send?.(said));
  });
  process.send?.('ready');

  async function report(): Promise<SocketProcessReport> {
    // Twice, with a turn between: what a finalizer lets go is collected by the next.
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    const descriptors = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd';
    return {
      residentBytes: rss,
      heapBytes: heapUsed,
      externalBytes: external,
      connections: server.connections,
      openDescriptors: readdirSync(descriptors).length,
      abortedRequests,
      logLines: lines,
    };
  }
}

if (process.argv[1] === import.meta.filename && process.argv[2] !== undefined) {
  await serve(process.argv[2]);
}
