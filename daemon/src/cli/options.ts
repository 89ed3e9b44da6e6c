/** Arguments and options that several commands share, and the requests that they make. */

import { text as readAll } from 'node:stream/consumers';
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { engines } from '@tidemark/shared/protocol/workload.ts';
import type { EngineName } from '@tidemark/shared/protocol/workload.ts';
import type { EngineRequest } from '../host/python-environment.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import { varieties } from '../kokoro/phonemes/voices.ts';
import type { Variety } from '../kokoro/phonemes/voices.ts';
import {
  defaultIterations,
  engineRequestsOf,
  mostIterations,
  profileDefaults,
  refuseOfEngine,
  speechDefaults,
  speedRange,
} from '../profiler/settings.ts';
import type { ProfileRequest, SpeechRequest } from '../profiler/settings.ts';
import type { WorkloadRequest } from '../profiler/workload.ts';
import { givenModel, givenProgram, givenVoice } from './given-names.ts';
import { bytesValue, numberBetween, wholeNumber } from './values.ts';

export const modelWords = 'name listed by `tidemark models`, repository id (owner/name), or folder';

/** The argument of commands that work on one model. */
export const modelArgument = (words = modelWords): Argument =>
  new Argument('<model>', words).argParser(givenModel);

export interface SpeechOptions {
  readonly phonemes?: string;
  readonly voice: string;
  readonly language?: Variety;
  readonly seed: number;
  readonly deterministic?: true;
  readonly speed: number;
}

export interface LoopOptions extends SpeechOptions {
  readonly text?: string;
  /** Absent for the default, which may depend on the texts. */
  readonly iterations?: number;
  readonly warmup: number;
}

export function addSpeechOptions(command: Command): Command {
  return command
    .optionsGroup('Speech:')
    .option('--phonemes <ipa>', "say these phonemes instead of a text, in Kokoro's notation")
    .option(
      '--voice <name>',
      'voice, or path of a .safetensors or .pt file; several with commas between them are mixed',
      givenVoice,
      speechDefaults.voice,
    )
    .addOption(
      new Option(
        '--language <english>',
        "how to read the text (default: by the voice's first letter)",
      ).choices(varieties),
    )
    .option('--seed <n>', "seed of MLX's random numbers", wholeNumber(0), speechDefaults.seed)
    .option('--deterministic', 'omit the random part of the excitation signal')
    .option(
      '--speed <factor>',
      `speed of the speech, from ${speedRange.minimum} to ${speedRange.maximum}`,
      numberBetween(speedRange.minimum, speedRange.maximum),
      speechDefaults.speed,
    );
}

export function addLoopOptions(
  command: Command,
  defaultOfIterations = String(profileDefaults.iterations),
): Command {
  command
    .optionsGroup('Measurement:')
    .option(
      '--iterations <n>',
      `number of measured iterations (default: ${defaultOfIterations})`,
      wholeNumber(1, mostIterations),
    )
    .option(
      '--warmup <n>',
      'number of warm-up iterations, shown but not in the summary',
      wholeNumber(0, mostIterations),
      profileDefaults.warmupIterations,
    );
  return addSpeechOptions(
    command
      .optionsGroup('Speech:')
      .option(
        '--text <text>',
        `text to say in each iteration, or - for stdin (default: ${JSON.stringify(profileDefaults.text)})`,
      ),
  );
}

export interface MlxOptions {
  readonly opsPerBuffer?: number;
  readonly bfsWidth?: number;
  readonly memoryLimit?: number;
  readonly fullPrecision?: true;
}

const fullPrecision = [
  '--full-precision',
  "compute a GPU's float32 products in float32 instead of TF32 (MLX_ENABLE_TF32=0, NVIDIA_TF32_OVERRIDE=0)",
] as const;

export const addPrecisionOption = (command: Command): Command =>
  command.optionsGroup('MLX:').option(...fullPrecision);

export const addMlxOptions = (command: Command): Command =>
  command
    .optionsGroup('MLX:')
    .option(
      '--ops-per-buffer <n>',
      'operations in one command buffer of a GPU (MLX_MAX_OPS_PER_BUFFER); the CPU has no such buffers',
      wholeNumber(1, 1_000_000),
    )
    .option(
      '--bfs-width <n>',
      'how many operations wide MLX walks a graph (MLX_BFS_MAX_WIDTH; 20 by itself)',
      wholeNumber(1, 1_000_000),
    )
    .option(
      '--memory-limit <bytes>',
      "active memory from which on MLX waits for queued work, such as 300MB (MLX's set_memory_limit)",
      bytesValue,
    )
    .option(...fullPrecision);

export interface EngineOptions {
  readonly engine?: EngineName;
  readonly python?: string;
  readonly pythonHeap?: boolean;
}

export const addEngineOptions = (command: Command): Command =>
  command
    .optionsGroup('Engine:')
    .addOption(
      new Option(
        '--engine <name>',
        "what loads and runs the model: Tidemark's own host, or mlx-audio in a Python process (default: tidemark)",
      ).choices(engines),
    )
    .addOption(
      new Option(
        '--python <path>',
        'Python that has mlx-audio (default: TIDEMARK_PYTHON, the setting python, or an environment that Tidemark makes once)',
      ).argParser(givenProgram),
    );

/** As {@link addEngineOptions}, of a measurement. */
export const addMeasuredEngineOptions = (command: Command): Command =>
  addEngineOptions(command).option(
    '--python-heap',
    'also trace what Python itself allocates, with tracemalloc, and name the lines that leak; costs time and memory',
  );

/** Which engine the options ask for, or else the one that was set before. Throws a TidemarkError, 'bad-input', for a Python that nothing would run. */
export function engineFrom(
  { engine: asked, python: given, pythonHeap = false }: EngineOptions,
  before: EngineRequest = {},
): EngineRequest {
  const engine = asked ?? before.engine;
  refuseOfEngine({ engine, python: given, pythonHeap });
  const { TIDEMARK_PYTHON: set = '' } = process.env;
  const inherited = before.python ?? (set === '' ? undefined : givenProgram(set));
  const python = given ?? (engine === 'mlx-audio' ? inherited : undefined);
  const isTraced = pythonHeap || (engine === 'mlx-audio' && before.pythonHeap === true);
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(python === undefined ? {} : { python }),
    ...(isTraced ? { pythonHeap: true } : {}),
  };
}

/** As {@link engineFrom}, where several engines may be asked; as {@link engineRequestsOf}. */
export function enginesFrom({
  engines: asked,
  ...options
}: EngineOptions & {
  readonly engines?: readonly EngineName[];
  readonly deterministic?: true;
}): EngineRequest[] {
  if (asked === undefined) {
    return [engineFrom(options)];
  }
  const needsPython = asked.includes('mlx-audio') && options.engine === undefined;
  const { python } = needsPython ? engineFrom({ ...options, engine: 'mlx-audio' }) : options;
  return engineRequestsOf({ ...options, python, engines: asked });
}

/** What of MLX is set; undefined where nothing is. */
export function mlxFrom({
  opsPerBuffer,
  bfsWidth,
  memoryLimit,
  fullPrecision: isFull,
}: MlxOptions): MlxSettings | undefined {
  const mlx: MlxSettings = {
    ...(opsPerBuffer === undefined ? {} : { opsPerBuffer }),
    ...(bfsWidth === undefined ? {} : { bfsWidth }),
    ...(memoryLimit === undefined ? {} : { memoryLimitBytes: memoryLimit }),
    ...(isFull === undefined ? {} : { fullPrecision: isFull }),
  };
  return Object.keys(mlx).length === 0 ? undefined : mlx;
}

/** A text from the command line, or all of stdin for `-`. */
export const textFrom = async (given: string | undefined): Promise<string | undefined> =>
  given === '-' ? await readAll(process.stdin) : given;

/** What a measurement says: the text or the phonemes that were given, or else the default text. */
export const spokenBy = async ({
  text,
  phonemes,
}: Pick<LoopOptions, 'text' | 'phonemes'>): Promise<Pick<SpeechRequest, 'text' | 'phonemes'>> => ({
  text: (await textFrom(text)) ?? (phonemes === undefined ? profileDefaults.text : undefined),
  phonemes,
});

/** The options of the loop as the profiler's request. */
export async function requestOf(
  options: LoopOptions,
  workload: WorkloadRequest = {},
): Promise<ProfileRequest> {
  const { voice, language, seed, speed, deterministic = false, warmup } = options;
  const { texts } = workload;
  const { iterations = defaultIterations(texts) } = options;
  return {
    ...(texts === undefined ? await spokenBy(options) : {}),
    ...workload,
    voice,
    language,
    seed,
    speed,
    deterministic,
    iterations,
    warmupIterations: warmup,
  };
}
