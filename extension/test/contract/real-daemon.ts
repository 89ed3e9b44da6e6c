/** A real daemon in a process of its own, with a data folder of its own, for what the built commands do with it. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DaemonClient } from '@tidemark/client/client/daemon-client';
import { socketPathOf } from '@tidemark/client/client/locations';
import { repository } from '../harness/repository.ts';

const here = fileURLToPath(new URL('./', import.meta.url));

/** The command, as it is installed: the repository's, or the one that a person would find. */
export const tidemarkPath = commandOf(repository);

function commandOf(folder: string | undefined): string {
  if (folder !== undefined) {
    return join(folder, 'daemon', 'bin', 'tidemark');
  }
  const places = (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, 'tidemark'));
  return places.find((place) => existsSync(place)) ?? 'tidemark';
}

/** In the repository, a path of it, for what takes the daemon's own sources. */
function inRepository(...path: readonly string[]): string {
  if (repository === undefined) {
    throw new Error("This test needs Tidemark's repository");
  }
  return join(repository, ...path);
}

/** What runs the daemon: not the Node of the extension. */
const pinnedNode = (): string => inRepository('node_modules', '.bin', 'node');

export interface RealDaemonOptions {
  /** Speaks another version of the protocol. */
  readonly protocolVersion?: number;
  /** Of a data folder whose models are used. */
  readonly modelsOf?: string | undefined;
}

export class RealDaemon {
  readonly dataFolder = mkdtempSync(join(tmpdir(), 'tm-c-'));
  readonly socketPath = socketPathOf(this.dataFolder);
  #child: ChildProcess | undefined;
  #output = '';

  constructor({ modelsOf }: RealDaemonOptions = {}) {
    // With the Python environment, which is made there once for all tests.
    for (const name of ['models', 'voices', 'python']) {
      const path = join(modelsOf ?? '', name);
      if (modelsOf !== undefined) {
        mkdirSync(path, { recursive: true });
        symlinkSync(path, join(this.dataFolder, name));
      }
    }
  }

  /** Resolves when it listens. */
  async start({ protocolVersion }: RealDaemonOptions = {}): Promise<void> {
    const env = { ...process.env, TIDEMARK_HOME: this.dataFolder };
    const child =
      protocolVersion === undefined
        ? spawn(tidemarkPath, ['daemon'], { env })
        : spawn(
            pinnedNode(),
            ['--import', join(here, 'other-version.mjs'), inRepository('daemon/src/cli/main.js'), 'daemon'],
            { env: { ...env, TIDEMARK_TEST_PROTOCOL_VERSION: String(protocolVersion) } },
          );
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    for (let attempt = 0; !existsSync(this.socketPath); attempt += 1) {
      if (child.exitCode !== null || attempt > 600) {
        throw new Error(`The daemon does not listen:\n${this.#output}`);
      }
      await wait(50);
    }
  }

  /** One question over a connection of its own. */
  async ask<Answer>(question: (client: DaemonClient) => Promise<Answer>): Promise<Answer> {
    const client = await DaemonClient.connect({
      socketPath: this.socketPath,
      client: { name: 'test', version: '0' },
      timeoutMilliseconds: 20_000,
    });
    try {
      return await question(client);
    } finally {
      await client.close();
    }
  }

  /** Ends it in good order; its data stays. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataFolder, { recursive: true, force: true });
  }
}

/** Makes a Kokoro of a few hundred kilobytes that takes any English text, or one that mlx-audio takes; gives its folder. */
export function makeTinyModel(folder: string, engine = 'tidemark'): string {
  mkdirSync(folder, { recursive: true });
  make('make-tiny-model.ts', folder, engine);
  return folder;
}

/** Puts so many runs into the history of a data folder that no daemon has, and a schedule with an open alert. */
export const makeHistory = (dataFolder: string, runs: number): void =>
  make('make-history.ts', dataFolder, String(runs));

/** What takes the daemon's side and its Node. */
function make(script: string, ...parameters: readonly string[]): void {
  const path = inRepository('daemon', 'test', script);
  const { status, stderr } = spawnSync(pinnedNode(), [path, ...parameters], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${script} failed: ${stderr}`);
  }
}
