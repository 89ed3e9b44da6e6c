/** What a person asks of a run, checked, with the text turned into phonemes. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { EngineRequest } from '../host/python-environment.ts';
import type { Variety } from '../kokoro/phonemes/voices.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { textsIn } from '@tidemark/shared/protocol/workload.ts';
import type { EngineName, settledWorkload, StrategyName } from '@tidemark/shared/protocol/workload.ts';
import { droppedRecord } from './dropped.ts';
import { checkWorkload, engineRecord, settleTexts, strategyRecord } from './workload.ts';
import type { WorkloadRequest } from './workload.ts';

/** What is said, and how; the same for a measurement and for speech that is kept. */
export interface SpeechRequest {
  /** The text, or else the phonemes of one utterance, but not both. */
  readonly text?: string | undefined;
  readonly phonemes?: string | undefined;
  readonly voice: string;
  /** How to read the text, where the voice's name does not say or should not decide. */
  readonly language?: Variety | undefined;
  readonly seed: number;
  readonly deterministic: boolean;
  readonly speed: number;
  /** Whether each sentence of a text is an utterance, rather than as many as fit into one. */
  readonly bySentence?: boolean | undefined;
}

/** How many characters of a text have their phonemes, and of how many. */
export type OnPreparation = (done: number, of: number) => void;

/** The part of a run's settings that is about what is said. */
export type SpeechSettings = Omit<
  ProfileSettings,
  'iterations' | 'warmupIterations' | keyof typeof settledWorkload
>;

export interface ProfileRequest extends SpeechRequest, WorkloadRequest {
  readonly iterations: number;
  readonly warmupIterations: number;
}

export const speechDefaults = { voice: 'af_heart', seed: 0, deterministic: false, speed: 1 } as const;

/**
 * One iteration of warm-up: the first pays for what later ones find done (kernels compiled, threads started, pages
 * mapped), and it draws the footprint up without being a leak.
 */
export const profileDefaults = {
  ...speechDefaults,
  text: 'This is a memory profiling test for the Kokoro TTS model.',
  iterations: 15,
  warmupIterations: 1,
} as const;

/** One pass over many texts, where that is more than the default. Throws as {@link textsIn} does. */
export const defaultIterations = (texts: readonly string[] | undefined): number =>
  Math.max(profileDefaults.iterations, texts === undefined ? 0 : textsIn(texts).length);

/** More than a day of the fastest iterations. */
export const mostIterations = 1_000_000;

/** Beyond these, Kokoro's durations are zero or fill its context many times over. */
export const speedRange = { minimum: 0.1, maximum: 10 } as const;

/** The settings of a run as they go into its document. Throws a TidemarkError: 'bad-input' or 'bad-text'. */
export async function settleSettings(
  request: ProfileRequest,
  signal?: AbortSignal,
  onProgress?: OnPreparation,
): Promise<ProfileSettings> {
  const { iterations, warmupIterations, keepCache = false, cacheLimitBytes, mlx } = request;
  const { engine, python, pythonHeap, strategy } = request;
  checkWhole('The number of iterations', iterations, { minimum: 1, maximum: mostIterations });
  checkWhole('The number of warm-up iterations', warmupIterations, { minimum: 0, maximum: mostIterations });
  checkWorkload(request);
  refuseOfEngine(request);
  return {
    ...(request.texts === undefined
      ? await settleSpeech(request, signal, onProgress)
      : await settleTexts(request, (text) => settleSpeech({ ...request, text }, signal), onProgress)),
    iterations,
    warmupIterations,
    ...(keepCache ? { keepCache } : {}),
    ...(cacheLimitBytes === undefined ? {} : { cacheLimitBytes }),
    ...(mlx === undefined ? {} : { mlx }),
    ...engineRecord({ engine, python, pythonHeap }),
    ...strategyRecord(strategy),
  };
}

interface EngineUse {
  readonly engine?: EngineName | undefined;
  readonly python?: string | undefined;
  readonly pythonHeap?: boolean | undefined;
  readonly deterministic?: boolean | undefined;
  readonly attribute?: string | undefined;
  readonly bySentence?: boolean | undefined;
  readonly strategy?: StrategyName | undefined;
}

/** Throws a TidemarkError, 'bad-input', for what only Tidemark's own host can do, and for a Python that nothing would run. */
export function refuseOfEngine({
  engine = 'tidemark',
  python,
  pythonHeap = false,
  deterministic = false,
  attribute,
  bySentence = false,
  strategy = 'faithful',
}: EngineUse): void {
  if (engine === 'tidemark') {
    if (python !== undefined) {
      throw new TidemarkError('bad-input', 'A Python was named, but Tidemark’s own engine runs in none.', {
        hint: 'Add --engine mlx-audio, or omit --python.',
      });
    }
    if (pythonHeap) {
      throw new TidemarkError('bad-input', 'Tidemark’s own engine has no Python heap to trace.', {
        hint: 'Add --engine mlx-audio, or omit --python-heap.',
      });
    }
    return;
  }
  const only = deterministic
    ? 'speak without the random part (--deterministic)'
    : attribute !== undefined
      ? 'attribute memory to parts of the network (--attribute)'
      : bySentence
        ? 'say each sentence by itself (--by-sentence): it splits a text as mlx-audio does'
        : strategy === 'faithful'
          ? undefined
          : `build the network by another strategy (--strategy ${strategy})`;
  if (only !== undefined) {
    throw new TidemarkError('bad-input', `The engine ${engine} cannot ${only}.`, {
      hint: 'Use Tidemark’s own engine for it: omit --engine.',
    });
  }
}

/**
 * What is asked of each engine: of one, or of several in a study. Throws a TidemarkError, 'bad-input', for what cannot go together, and
 * as {@link refuseOfEngine} does.
 */
export function engineRequestsOf({
  engine,
  engines,
  python,
  ...use
}: EngineUse & { readonly engines?: readonly EngineName[] | undefined }): EngineRequest[] {
  if (engines === undefined) {
    refuseOfEngine({ engine, python, ...use });
    return [{ engine, python }];
  }
  const names = new Set(engines);
  if (engine !== undefined || names.size < engines.length) {
    throw new TidemarkError(
      'bad-input',
      engine === undefined ? 'An engine was named twice.' : 'Both one engine and several were named.',
      { hint: 'Name each engine once, with --engines tidemark,mlx-audio.' },
    );
  }
  if (!names.has('mlx-audio')) {
    refuseOfEngine({ python });
  }
  return engines.map((name) => {
    const request = { engine: name, ...(name === 'tidemark' || python === undefined ? {} : { python }) };
    refuseOfEngine({ ...use, ...request });
    return request;
  });
}

/** As {@link settleSettings}, for what is said. */
export async function settleSpeech(
  { text, phonemes, voice, language, seed, deterministic, speed, bySentence }: SpeechRequest,
  signal?: AbortSignal,
  onProgress?: OnPreparation,
): Promise<SpeechSettings> {
  checkWhole('The seed', seed, { minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
  if (!(speed >= speedRange.minimum && speed <= speedRange.maximum)) {
    throw new TidemarkError(
      'bad-input',
      `The speed must be from ${speedRange.minimum} to ${speedRange.maximum}, not ${speed}.`,
      { hint: '1 is the voice’s normal speed; 2 is twice as fast.' },
    );
  }
  const spoken = await utterancesOf({ text, phonemes, voice, language, bySentence }, signal, onProgress);
  return {
    text: phonemes === undefined ? text : undefined,
    phonemes: spoken.phonemes,
    voice,
    language: phonemes === undefined ? language : undefined,
    ...(spoken.dropped === undefined ? {} : { dropped: spoken.dropped }),
    seed,
    deterministic,
    speed,
  };
}

async function utterancesOf(
  {
    text,
    phonemes,
    voice,
    language,
    bySentence,
  }: Pick<SpeechRequest, 'text' | 'phonemes' | 'voice' | 'language' | 'bySentence'>,
  signal: AbortSignal | undefined,
  onProgress: OnPreparation | undefined,
): Promise<Pick<SpeechSettings, 'phonemes' | 'dropped'>> {
  if (text !== undefined && phonemes !== undefined) {
    throw new TidemarkError('bad-input', 'Both a text and phonemes were given.', {
      hint: 'Give only one of them.',
    });
  }
  // Only when something is to be said: `--help` need not wait for it.
  const { addCounts, checkPhonemes, chunkText, englishOfVoice } = await import('../kokoro/phonemes/index.ts');
  if (phonemes !== undefined) {
    return { phonemes: [checkPhonemes(phonemes)] };
  }
  const utterances = await chunkText(text ?? '', language ?? englishOfVoice(voice), {
    signal,
    onProgress,
    bySentence,
  });
  return {
    phonemes: utterances.map((utterance) => utterance.phonemes),
    dropped: droppedRecord(addCounts(...utterances.map((utterance) => utterance.dropped))),
  };
}

/**
 * About how long these utterances are, in seconds. Measured with eight voices on texts, numbers, and noise: Kokoro speaks a
 * phoneme in 0.057 s, and adds a second of silence to an utterance. All but one voice (af_nicole, who whispers) are within 15 %.
 */
export const expectedAudioSeconds = ({
  phonemes,
  speed,
}: Pick<SpeechSettings, 'phonemes' | 'speed'>): number =>
  phonemes.reduce((sum, { length }) => sum + 1 + 0.057 * length, 0) / speed;

function checkWhole(
  what: string,
  value: number,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): void {
  if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
    const range = `a whole number from ${minimum} to ${maximum.toLocaleString('en-US')}`;
    throw new TidemarkError('bad-input', `${what} must be ${range}, not ${value}.`);
  }
}
