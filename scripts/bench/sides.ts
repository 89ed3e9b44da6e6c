/** The two sides of the benchmark: Tidemark's own command line, and mlx-audio's Kokoro in a Python process. */

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import * as v from 'valibot';
import { repositoryRoot } from '../../daemon/src/paths.ts';
import { iterationMeasurement, loadMeasurement } from './comparison.ts';
import type { IterationMeasurement, Side, Work } from './comparison.ts';

/** Of a profile's document, what is compared. */
const profile = v.object({
  versions: v.record(v.string(), v.unknown()),
  load: loadMeasurement,
  iterations: v.array(v.object({ warmup: v.boolean(), ...iterationMeasurement.entries })),
});

/** One `tidemark profile` in a process of its own, with one iteration of warm-up. Throws when it fails. */
export async function profileOurs(work: Work, iterations: number): Promise<Side> {
  const flags = {
    phonemes: work.phonemes,
    voice: work.voice,
    seed: String(work.seed),
    iterations: String(iterations),
    warmup: '1',
  };
  const command = join(repositoryRoot, 'daemon', 'bin', 'tidemark');
  const child = spawn(
    command,
    [
      'profile',
      work.model,
      '--json',
      ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: repositoryRoot },
  );
  const [output, ended] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const [code] = ended as [number | null];
  if (code !== 0) {
    throw new TidemarkError('internal', `tidemark profile ended with exit code ${String(code)}.`, {
      hint: 'See its message above.',
    });
  }
  const { versions, load, iterations: done } = v.parse(profile, JSON.parse(output));
  return {
    name: 'Tidemark',
    versions: Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, String(version)])),
    load,
    iterations: done.filter(({ warmup }) => !warmup),
  };
}

const loadedLine = v.object({
  event: v.literal('loaded'),
  ...loadMeasurement.entries,
  parameterBytes: v.number(),
  device: v.string(),
  versions: v.record(v.string(), v.string()),
});

const iterationLine = v.object({ event: v.literal('iteration'), ...iterationMeasurement.entries });

interface PeerFiles {
  readonly python: string;
  readonly folder: string;
  readonly weightsFile: string;
  readonly voiceFile: string;
}

/** A running peer. `close` ends its process; iterations are kept for `side`. */
export class Peer {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #iterations: IterationMeasurement[] = [];
  #loaded: v.InferOutput<typeof loadedLine> | undefined;

  /** Starts the process and waits until the model is loaded. */
  static async start(files: PeerFiles, work: Work): Promise<Peer> {
    const { python, ...paths } = files;
    const request = { ...paths, phonemes: work.phonemes, seed: work.seed };
    // The hub is never asked: what is compared is this network on this checkpoint.
    const child = spawn(python, [join(import.meta.dirname, 'peer.py'), JSON.stringify(request)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    });
    const peer = new Peer(child);
    peer.#loaded = v.parse(loadedLine, await peer.#nextLine());
    return peer;
  }

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    // A process that died is told by the end of its output; a write that comes too late must not crash this one.
    child.stdin.on('error', () => undefined);
    child.on('error', () => undefined);
  }

  async iterate(): Promise<void> {
    this.#iterations.push(await this.#measure());
  }

  /** Iterations that are not kept. */
  async warmUp(iterations: number): Promise<void> {
    for (let index = 0; index < iterations; index += 1) {
      await this.#measure();
    }
  }

  async #measure(): Promise<IterationMeasurement> {
    this.#child.stdin.write('iterate\n');
    return v.parse(iterationLine, await this.#nextLine());
  }

  get side(): Side {
    if (this.#loaded === undefined) {
      throw new TypeError('the peer has not loaded');
    }
    const { versions, ...load } = this.#loaded;
    return { name: 'mlx-audio', versions, load, iterations: this.#iterations };
  }

  close(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  async #nextLine(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done) {
      throw new TidemarkError('internal', 'The mlx-audio process ended before it answered.', {
        hint: 'See its message above.',
      });
    }
    return JSON.parse(line.value);
  }
}
