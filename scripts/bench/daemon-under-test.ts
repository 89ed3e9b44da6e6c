/** A daemon of a benchmark's, soak's or fault test's own, as a person starts it. */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectWhenReady } from '@tidemark/shared/client/connect-when-ready.ts';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';

export const command = join(import.meta.dirname, '../../daemon/bin/tidemark');

/** Which folders of a person's data the daemon works with; history, socket and logs are its own. */
const shared = ['models', 'voices', 'locks'];

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class DaemonUnderTest implements AsyncDisposable {
  readonly socketPath: string;
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #ownFolder: string | undefined;
  #output = '';

  private constructor(folder: string, child: ChildProcess) {
    this.#child = child;
    this.socketPath = socketPathOf(folder);
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** With its data in `folder`, which stays; it may not come to answer. `before` are words before its own command. */
  static spawn(folder: string, before: readonly string[] = []): DaemonUnderTest {
    const words: string[] = [...before, command, 'daemon'];
    const [first = command, ...rest] = words;
    const child = spawn(first, rest, {
      env: { ...process.env, TIDEMARK_HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new DaemonUnderTest(folder, child);
  }

  /** In a data folder that is removed afterwards; `dataFolder` is whose models are used. Waits until it answers. */
  static async start(dataFolder: string): Promise<DaemonUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
    for (const name of shared) {
      if (existsSync(join(dataFolder, name))) {
        symlinkSync(join(dataFolder, name), join(folder, name));
      }
    }
    const daemon = DaemonUnderTest.spawn(folder);
    daemon.#ownFolder = folder;
    try {
      const client = await daemon.connect();
      await client.close();
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async connect(milliseconds = 30_000): Promise<DaemonClient> {
    const { socketPath } = this;
    const client = { name: 'benchmark', version: '1' };
    try {
      return await connectWhenReady(
        { socketPath, client, timeoutMilliseconds: milliseconds },
        milliseconds,
        () => this.isRunning,
      );
    } catch (error) {
      throw new TidemarkError('no-daemon', `The daemon did not start: ${this.#output.trim()}`, {
        cause: error,
      });
    }
  }

  /** Resident bytes of the daemon's own process. */
  residentBytes(): number {
    const kibibytes = execFileSync('ps', ['-o', 'rss=', '-p', String(this.pid)], { encoding: 'utf8' });
    return Number(kibibytes.trim()) * 1024;
  }

  /** Seconds of the processor that the daemon's own process has used. */
  processorSeconds(): number {
    if (process.platform === 'linux') {
      // proc(5): utime and stime are the 14th and 15th field, in ticks of 10 ms; the name before them may hold spaces.
      const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    }
    const time = execFileSync('ps', ['-o', 'time=', '-p', String(this.pid)], { encoding: 'utf8' }).trim();
    return time.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) {
      this.#child.kill('SIGTERM');
      await Promise.race([this.ended, wait(10_000).then(() => this.#child.kill('SIGKILL'))]);
    }
    if (this.#ownFolder !== undefined) {
      rmSync(this.#ownFolder, { recursive: true, force: true });
    }
  }
}
