/** A daemon of a benchmark's or soak's own, as a person starts it, in a data folder that is removed afterwards. */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectWhenReady } from '@tidemark/shared/client/connect-when-ready.ts';
import type { DaemonClient } from '@tidemark/shared/client/daemon-client.ts';
import { socketPathOf } from '@tidemark/shared/client/locations.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';

const command = join(import.meta.dirname, '../../daemon/bin/tidemark');

/** Which folders of a person's data the daemon works with; history, socket and logs are its own. */
const shared = ['models', 'voices', 'locks'];

export class DaemonUnderTest implements AsyncDisposable {
  readonly socketPath: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.socketPath = socketPathOf(folder);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** `dataFolder` is whose models are used. Waits until it answers. */
  static async start(dataFolder: string): Promise<DaemonUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
    for (const name of shared) {
      if (existsSync(join(dataFolder, name))) {
        symlinkSync(join(dataFolder, name), join(folder, name));
      }
    }
    const child = spawn(command, ['daemon'], {
      env: { ...process.env, TIDEMARK_HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const daemon = new DaemonUnderTest(folder, child);
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

  async connect(): Promise<DaemonClient> {
    const { socketPath } = this;
    const client = { name: 'benchmark', version: '1' };
    try {
      return await connectWhenReady(
        { socketPath, client, timeoutMilliseconds: 30_000 },
        30_000,
        () => this.#child.exitCode === null,
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
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await Promise.race([exited, wait(10_000).then(() => this.#child.kill('SIGKILL'))]);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
