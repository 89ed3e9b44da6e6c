/** Documents for tests, true to their schemas, with figures that are easy to reckon with. */

import { summarizeRun } from '../src/analysis/run-summary.ts';
import { profileSchemaVersion } from '../src/protocol/profile-document.ts';
import type { IterationSample, LoadRecord, ProfileDocument } from '../src/protocol/profile-document.ts';

export const exampleLoad: LoadRecord = {
  activeBytes: 160_000_000,
  peakBytes: 161_000_000,
  seconds: 0.2,
  voiceBytes: 500_000,
  weightTensors: 548,
  liveTensors: 549,
  footprintBeforeBytes: 100_000_000,
  footprintBytes: 270_000_000,
};

/** An iteration with a peak of 600 MB that leaves nothing behind. */
export function exampleSample(index: number, changes: Partial<IterationSample> = {}): IterationSample {
  return {
    index,
    warmup: index === 0,
    activeBeforeBytes: 160_500_000,
    activeBytes: 160_500_000,
    peakBytes: 600_000_000,
    cacheBytes: 33_000_000,
    seconds: 2,
    audioSeconds: 4,
    samples: 96_000,
    liveTensors: 549,
    undisposedTensors: 0,
    footprintBytes: 330_000_000,
    heapBytes: 11_000_000,
    openFileDescriptors: 23,
    ...changes,
  };
}

export interface ExampleOptions {
  readonly name?: string;
  readonly bytesByDtype?: Readonly<Record<string, number>>;
  readonly load?: Partial<LoadRecord>;
  /** Changes to each measured iteration; their number is the number of iterations. Default: five without changes. */
  readonly measured?: readonly Partial<IterationSample>[];
  readonly outcome?: ProfileDocument['outcome'];
}

/** A run of bf16 with one iteration of warm-up, which differs from the measured ones. */
export function exampleProfile(options: ExampleOptions = {}): ProfileDocument {
  const {
    name = 'bf16',
    bytesByDtype = { bfloat16: 160_000_000 },
    measured = Array.from({ length: 5 }, () => ({})),
    outcome = { status: 'complete' },
  } = options;
  const load = { ...exampleLoad, ...options.load };
  const iterations = [
    exampleSample(0, { seconds: 9, peakBytes: 650_000_000 }),
    ...measured.map((changes, index) => exampleSample(index + 1, changes)),
  ];
  const summary = summarizeRun(load, iterations);
  return {
    kind: 'profile',
    schemaVersion: profileSchemaVersion,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 30,
    model: {
      name,
      source: {
        kind: 'packaged',
        description: 'made here',
        weightsFile: 'model.safetensors',
        sha256: 'a'.repeat(64),
        license: 'Apache-2.0',
      },
      tensorBytes: Object.values(bytesByDtype).reduce((sum, bytes) => sum + bytes, 0),
      bytesByDtype,
    },
    device: {
      type: 'cpu',
      name: 'A processor',
      platform: 'linux',
      architecture: 'x64',
      cores: 2,
      memoryBytes: 8_000_000_000,
      info: { architecture: 'x86_64' },
    },
    versions: { tidemark: '0.1.0', mlx: '0.32.4', node: '26.10.0', blas: 'OpenBLAS 0.3.34' },
    settings: {
      text: 'Hello.',
      phonemes: ['həlˈO.'],
      voice: 'af_heart',
      iterations: measured.length,
      warmupIterations: 1,
      seed: 0,
      deterministic: false,
      speed: 1,
    },
    load,
    iterations,
    ...(summary === undefined ? {} : { summary }),
    outcome,
  };
}
