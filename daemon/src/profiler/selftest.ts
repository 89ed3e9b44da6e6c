/** Checks the leak check: plants each kind in a host of its own with a real model, and asks the rule. */

import { judgePlant } from '@tidemark/shared/analysis/leak-sentence.ts';
import type { OnStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { mlxEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { LeakChannel } from '@tidemark/shared/protocol/leak-verdicts.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { plantKinds, selftestSchemaVersion } from '@tidemark/shared/protocol/command-documents.ts';
import type {
  PlantKind,
  PlantResult,
  SelftestDocument,
} from '@tidemark/shared/protocol/command-documents.ts';
import { ModelHost } from '../host/model-host.ts';
import type { HostDescription } from '../host/messages.ts';
import type { StartOptions } from '../host/model-host.ts';
import { runCheckedLoop } from './loop.ts';
import type { CheckedRun, LoopHost } from './loop.ts';
import { RunClock } from './profile.ts';
import type { Subject } from './profile.ts';

/** What a self-test plants, with the channel that must show it, and those that may. */
export interface Plant {
  readonly kind: PlantKind;
  readonly description: string;
  /** Where the leak must be found; absent for what is no leak. */
  readonly channel?: LeakChannel;
  /** Where it may be called a leak besides, since it is one there too. */
  readonly alsoIn: readonly LeakChannel[];
  /** Of a cache that is kept from one iteration to the next, since only so it shows. */
  readonly cacheLimitBytes?: number;
  /** What MLX is started with, where what it does by itself would hide how fast the plant grows. */
  readonly mlx?: MlxSettings;
}

/** Every tensor that is kept is a live tensor and memory of the process too, and its handle an object in the heap. */
const tensor = (kind: PlantKind, description: string): Plant => ({
  kind,
  description,
  channel: 'activeBytes',
  alsoIn: ['liveTensors', 'footprintBytes', 'heapBytes', 'trackedObjects', 'pythonHeapBytes'],
});

const clean = (kind: PlantKind, description: string): Plant => ({ kind, description, alsoIn: [] });

/** In the order in which they are run. */
export const plants: readonly Plant[] = [
  tensor('tensor-4-bytes', 'a tensor of 4 bytes, kept'),
  tensor('tensor-16-kibibytes', 'a tensor of 16 KiB, kept'),
  tensor('tensor-1-mebibyte', 'a tensor of 1 MiB, kept'),
  tensor('every-third-iteration', 'a tensor of 16 KiB, kept in every third iteration'),
  {
    kind: 'native-malloc',
    description: '1 MiB from malloc, outside MLX',
    channel: 'footprintBytes',
    alsoIn: [],
  },
  {
    kind: 'javascript-object',
    description: 'a list of 2,048 numbers, kept',
    channel: 'heapBytes',
    alsoIn: ['footprintBytes'],
  },
  {
    kind: 'python-object',
    description: 'a list of 2,048 numbers, kept',
    channel: 'heapBytes',
    alsoIn: ['footprintBytes', 'trackedObjects', 'pythonHeapBytes'],
  },
  {
    kind: 'undisposed-handle',
    description: 'a tensor that is dropped without being disposed of',
    channel: 'undisposedTensors',
    alsoIn: [],
  },
  {
    kind: 'reference-cycle',
    description: 'an array in a cycle of references, which only the collector frees',
    channel: 'undisposedTensors',
    alsoIn: [],
  },
  {
    kind: 'file-descriptor',
    description: 'an open file',
    channel: 'openFileDescriptors',
    alsoIn: [],
  },
  {
    kind: 'growing-cache',
    description: 'a kept cache that gets a buffer of a new size each time',
    channel: 'cacheBytes',
    alsoIn: [],
    // More than it fills: MLX's own limit on the CPU is less than one utterance takes.
    cacheLimitBytes: 2 ** 32,
    // On a GPU what is queued together differs from one iteration to the next, and each time leaves buffers of other sizes:
    // 40 MB in the first iterations, beside 1 MB that is planted.
    mlx: { opsPerBuffer: 1 },
  },
  clean('nothing', 'nothing'),
  clean('bounded-cache', 'a cache of six tensors of 64 KiB that fills'),
  clean('one-step', 'one tensor of 1 MiB, kept once'),
  clean('varying-lengths', 'texts of varying length, so that the allocator’s cache grows'),
  {
    ...clean('limited-cache', 'a kept cache with a limit that buffers of new sizes fill'),
    // Less than an utterance leaves, whatever the model.
    cacheLimitBytes: 2 ** 21,
  },
];

/** What there is only in one of the engines. */
const onlyOf: Partial<Record<PlantKind, EngineName>> = {
  'javascript-object': 'tidemark',
  'python-object': 'mlx-audio',
  'undisposed-handle': 'tidemark',
  'reference-cycle': 'mlx-audio',
};

/** The plants of these kinds that an engine has. Throws a TidemarkError, 'bad-input', where that is none. */
export function plantsOf(engine: EngineName = 'tidemark', kinds: readonly PlantKind[] = plantKinds): Plant[] {
  const chosen = plants.filter(({ kind }) => kinds.includes(kind) && (onlyOf[kind] ?? engine) === engine);
  if (chosen.length === 0) {
    throw new TidemarkError(
      'bad-input',
      `The engine ${engine} has no plant ${kinds.join(' and no plant ')}.`,
      {
        hint: 'Run `tidemark selftest --help` for the list, and omit --only for all that the engine has.',
      },
    );
  }
  return chosen;
}

/**
 * How often the text is said in an iteration of {@link Plant} `varying-lengths`: longer and longer at first, as the texts of
 * a session come, and then over and over the same lengths. MLX's cache has no buffer of a new length, and grows.
 */
export function repetitions(index: number): number {
  const lengths = [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3] as const;
  return lengths[index] ?? 1 + ((index * 7) % 3);
}

/** A plant and its place among all, from 1. */
export interface PlantPlace {
  readonly plant: Plant;
  readonly place: number;
  readonly of: number;
}

export interface SelftestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onPlant?: ((place: PlantPlace) => void) | undefined;
  readonly onResult?: ((result: PlantResult) => void) | undefined;
  /** The steps of the present plant's loop. */
  readonly onStep?: OnStep | undefined;
  readonly host?: Omit<StartOptions, 'signal'>;
}

/**
 * As short as speech gets, so that a self-test takes minutes: what is planted is the same whatever is said. One iteration of
 * warm-up, as a profile has.
 */
export const selftestDefaults = { model: 'bf16', phonemes: 'ə', iterations: 15 } as const;

/**
 * Runs every plant, one after the other. One that fails does not lose the others; one that a person stops ends the test.
 * Throws when it is aborted before the first one has ended, and what a host's start throws.
 */
export async function runSelftest(
  plants: readonly Plant[],
  subject: Subject,
  settings: ProfileSettings,
  options: SelftestOptions = {},
): Promise<SelftestDocument> {
  const clock = new RunClock();
  const { signal, onPlant, onResult } = options;
  const ended: Ended[] = [];
  for (const [index, plant] of plants.entries()) {
    onPlant?.({ plant, place: index + 1, of: plants.length });
    const next = await runPlant(plant, subject, settings, options);
    if (next === undefined) {
      break;
    }
    ended.push(next);
    onResult?.(next.result);
  }
  const [first] = ended;
  if (first === undefined) {
    signal?.throwIfAborted();
    throw new RangeError('runSelftest: there are no plants');
  }
  const { name, source, tensorBytes, bytesByDtype } = subject.model;
  const { device, versions } = first.description;
  const results = ended.map(({ result }) => result);
  return {
    kind: 'selftest',
    schemaVersion: selftestSchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    model: { name, source, tensorBytes, bytesByDtype },
    device,
    versions,
    settings,
    plants: results,
    outcome: outcomeOf(results, plants.length),
  };
}

interface Ended {
  readonly result: PlantResult;
  readonly description: HostDescription;
}

function outcomeOf(results: readonly PlantResult[], of: number): SelftestDocument['outcome'] {
  if (results.length < of) {
    return 'interrupted';
  }
  return results.every(({ result }) => result === 'as-expected') ? 'passed' : 'failed';
}

/** Nothing where it was aborted. */
async function runPlant(
  plant: Plant,
  { model, voiceFile, engine }: Subject,
  settings: ProfileSettings,
  { signal, onStep, host: hostOptions }: SelftestOptions,
): Promise<Ended | undefined> {
  const startedAt = performance.now();
  const isAborted = (): boolean => signal?.aborted === true;
  const { kind, description, channel } = plant;
  const finish = (
    host: ModelHost,
    { iterations, confirmation, leaks }: Pick<CheckedRun, 'iterations' | 'confirmation' | 'leaks'>,
    judgement: Pick<PlantResult, 'result' | 'reason' | 'error' | 'plantedRate' | 'measuredRate'>,
  ): Ended => ({
    description: host.description,
    result: {
      plant: kind,
      description,
      channel,
      ...judgement,
      seconds: (performance.now() - startedAt) / 1000,
      iterations: [...iterations],
      confirmation: confirmation && [...confirmation],
      leaks: [...leaks],
    },
  });

  const environment = { ...hostOptions?.environment, ...mlxEnvironment(plant.mlx ?? {}) };
  await using host = isAborted()
    ? undefined
    : await startUnlessAborted({ ...hostOptions, signal, environment, engine });
  if (host === undefined) {
    return undefined;
  }
  try {
    const load = await host.load({ folder: model.folder, voiceFile }, { signal });
    onStep?.({ kind: 'loaded', model: model.name, load });
    const planted: number[] = [];
    const { cacheLimitBytes } = plant;
    const workload = cacheLimitBytes === undefined ? {} : { keepCache: true, cacheLimitBytes };
    const run = await runCheckedLoop(
      planting(host, kind, planted, signal),
      { ...settings, ...workload },
      {
        model: model.name,
        signal,
        onStep,
      },
    );
    if (isAborted()) {
      return undefined;
    }
    const { outcome } = run;
    if (outcome.status !== 'complete') {
      const error = outcome.status === 'failed' ? outcome.error : undefined;
      return finish(host, run, { result: 'failed', reason: outcome.reason, error });
    }
    if (channel === undefined) {
      return finish(host, run, judgePlant(plant, run.leaks));
    }
    const plantedRate = rateOf(planted, run.confirmation?.length ?? settings.iterations);
    return finish(host, run, { plantedRate, ...judgePlant({ ...plant, plantedRate }, run.leaks) });
  } catch (thrown) {
    if (isAborted()) {
      return undefined;
    }
    const error = toErrorRecord(thrown);
    return finish(host, { iterations: [], leaks: [] }, { result: 'failed', reason: error.message, error });
  }
}

async function startUnlessAborted(options: StartOptions): Promise<ModelHost | undefined> {
  try {
    return await ModelHost.start(options);
  } catch (error) {
    if (options.signal?.aborted === true) {
      return undefined;
    }
    throw error;
  }
}

/** A host that plants after each iteration, so that the next one shows it, and notes what was planted. */
function planting(
  host: ModelHost,
  kind: Plant['kind'],
  planted: number[],
  signal: AbortSignal | undefined,
): LoopHost {
  return {
    resetCache: host.resetCache,
    heapSites: host.heapSites,
    async iterate(parameters, options) {
      const { index, phonemes } = parameters;
      const spoken =
        kind === 'varying-lengths'
          ? phonemes.map((each) => Array.from({ length: repetitions(index) }, () => each).join(' '))
          : phonemes;
      const sample = await host.iterate({ ...parameters, phonemes: spoken }, options);
      planted.push(await host.plant({ kind, index }, { signal }));
      return sample;
    },
  };
}

/** The mean over the plantings that the last `length` samples show: the very last came after all of them. */
function rateOf(planted: readonly number[], length: number): number {
  const shown = planted.slice(0, -1).slice(-length);
  return shown.reduce((sum, amount) => sum + amount, 0) / Math.max(1, shown.length);
}
