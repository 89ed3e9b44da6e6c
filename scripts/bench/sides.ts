/** The sides of the benchmark: Tidemark's own command line, and mlx-audio's and onnxruntime's Kokoro in Python processes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import * as v from 'valibot';
import type { LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import { ModelHost } from '../../daemon/src/host/model-host.ts';
import { resolveSubject } from '../../daemon/src/models/resolve.ts';
import { buildFolder, dataFolder, repositoryRoot } from '../../daemon/src/paths.ts';
import type { Subject } from '../../daemon/src/profiler/profile.ts';
import { iterationMeasurement, loadMeasurement } from './comparison.ts';
import type { IterationMeasurement, OnnxSide, Side, Work } from './comparison.ts';
import { askPeer } from '../interop/ask-peer.ts';

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

const onnxResults = v.object({
  versions: v.record(v.string(), v.string()),
  iterations: v.array(v.object({ seconds: v.number(), samples: v.number() })),
});

/** The int8 Kokoro that set-up downloads, in onnxruntime, in a process of its own, with one iteration of warm-up. */
export async function runOnnx(python: string, work: Work, iterations: number): Promise<OnnxSide> {
  const { voiceFile } = await resolveSubject(work.model, work.voice, { dataFolder: dataFolder() });
  const weights = join(buildFolder, 'weights');
  return await askPeer(python, join(import.meta.dirname, 'onnx.py'), {
    job: {
      model: join(weights, 'kokoro-int8.onnx'),
      vocabulary: join(weights, 'vocab.json'),
      voice: voiceFile,
      phonemes: work.phonemes,
      iterations,
    },
    schema: onnxResults,
  });
}

/** mlx-audio, or Tidemark's lean strategy where the subject has no engine, its model loaded. `close` ends its process; iterations are kept for `side`. */
export class Peer {
  readonly #host: ModelHost;
  readonly #load: LoadRecord;
  readonly #work: Work;
  readonly #iterations: IterationMeasurement[] = [];
  #index = 0;

  /** Starts the process and waits until the model is loaded. */
  static async start({ model, voiceFile, engine }: Subject, work: Work): Promise<Peer> {
    const host = await ModelHost.start({ engine });
    const strategy = engine === undefined ? 'lean' : undefined;
    return new Peer(host, await host.load({ folder: model.folder, voiceFile, strategy }), work);
  }

  private constructor(host: ModelHost, load: LoadRecord, work: Work) {
    this.#host = host;
    this.#load = load;
    this.#work = work;
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
    const { phonemes, seed } = this.#work;
    const index = this.#index;
    this.#index += 1;
    const manner = { seed, deterministic: false, speed: 1 };
    return await this.#host.iterate({ index, warmup: false, phonemes: [phonemes], ...manner });
  }

  get side(): Side {
    const { mlx, python, packages } = this.#host.description.versions;
    const versions = { mlx, ...(python === undefined ? {} : { python }), ...packages };
    const name = python === undefined ? 'Tidemark, lean' : 'mlx-audio';
    return { name, versions, load: this.#load, iterations: this.#iterations };
  }

  async close(): Promise<void> {
    await this.#host.close();
  }
}
