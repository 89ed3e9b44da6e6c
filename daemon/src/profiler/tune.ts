/** Measures one model with each of several settings of MLX's: in fresh hosts, in rounds. */

import { createHash } from 'node:crypto';
import { costOf, judgeTuning, lowersPeak, settingWords } from '@tidemark/shared/analysis/tuning.ts';
import type { MeasuredSetting } from '@tidemark/shared/analysis/tuning.ts';
import type { RunStep } from '@tidemark/shared/protocol/daemon/run-progress.ts';
import { mlxEnvironment, mlxOwnEnvironment } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { MlxSettings } from '@tidemark/shared/protocol/mlx-settings.ts';
import type { ProfileSettings } from '@tidemark/shared/protocol/profile-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { tuneSchemaVersion } from '@tidemark/shared/protocol/tune-document.ts';
import type { TuneDocument, TunePoint, TuneRound } from '@tidemark/shared/protocol/tune-document.ts';
import type { HostDescription } from '../host/messages.ts';
import { ModelHost } from '../host/model-host.ts';
import type { StartOptions } from '../host/model-host.ts';
import { runLoop } from './loop.ts';
import { RunClock } from './profile.ts';
import type { Subject } from './profile.ts';

export const tuneDefaults = { iterations: 5, warmupIterations: 1, rounds: 3 } as const;

/** What is tried of each; absent for what fits the device. */
export interface TuneValues {
  readonly opsPerBuffer?: readonly number[] | undefined;
  readonly bfsWidth?: readonly number[] | undefined;
  readonly memoryLimitBytes?: readonly number[] | undefined;
}

/** MLX's own are 100 operations a buffer with CUDA and 20 to 50 with Metal, and a width of 20. */
const usual = { gpu: [1, 2, 5, 10, 20, 50], cpu: [], widths: [1, 2, 5] } as const;

/** Memory limits, by how much of what an iteration adds to active memory they leave. */
const usualShares = [0.25, 0.5, 0.75] as const;

export interface TuneOptions {
  readonly rounds: number;
  readonly values?: TuneValues;
  readonly signal?: AbortSignal | undefined;
  readonly host?: Omit<StartOptions, 'signal' | 'environment'>;
  /** `place` of `of` hosts is done, which will be more if a combination is tried in the end. */
  readonly onHost?:
    ((host: { setting: string; round: number; place: number; of: number }) => void) | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
  readonly onFailure?: ((setting: string, error: unknown) => void) | undefined;
}

interface Measurement extends Omit<TuneRound, 'round'> {
  readonly activeBytes: number;
  /** Of the speech's samples. */
  readonly audio: string;
  readonly description: HostDescription;
}

interface Setting {
  readonly mlx: MlxSettings;
  readonly rounds: TuneRound[];
  audio: string;
}

const fresh = (mlx: MlxSettings): Setting => ({ mlx, rounds: [], audio: '' });

/**
 * Measures MLX by itself, and then every setting in rounds, every second one backward, so that a machine that slows down shows in
 * the spread of all of them. In the end the best setting of each kind is measured together with those of the others. A setting that
 * fails is recorded. Throws where MLX by itself cannot be measured, and when it is aborted.
 */
export async function runTuning(
  subject: Subject,
  settings: ProfileSettings,
  { rounds, values = {}, signal, onHost, onFailure, ...options }: TuneOptions,
): Promise<TuneDocument> {
  const clock = new RunClock();
  const failures: TuneDocument['failures'] = [];
  const own = fresh({});
  let place = 0;
  let of = 1;
  const measure = async (setting: Setting, round: number): Promise<Measurement | undefined> => {
    place += 1;
    onHost?.({ setting: settingWords(setting), round: round + 1, place, of });
    try {
      const measured = await measureOne(subject, settings, setting.mlx, { signal, ...options });
      const { peakBytes, seconds, audio } = measured;
      setting.rounds.push({ round, peakBytes, seconds });
      setting.audio = audio;
      return measured;
    } catch (error) {
      signal?.throwIfAborted();
      if (setting === own) {
        throw error;
      }
      failures.push({ mlx: setting.mlx, error: toErrorRecord(error) });
      onFailure?.(settingWords(setting), error);
      return undefined;
    }
  };

  const first = await measure(own, 0);
  if (first === undefined) {
    throw new Error('runTuning: MLX by itself was not measured');
  }
  const { activeBytes, description } = first;
  const kinds = kindsOf(first, values);
  let alive = kinds.flat();
  const remaining = (): Setting[] => alive.filter(({ mlx }) => !failures.some((each) => each.mlx === mlx));
  of = rounds * (1 + alive.length);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [...(round === 0 ? [] : [own]), ...alive] : [...alive.toReversed(), own];
    for (const setting of order) {
      await measure(setting, round);
    }
    alive = remaining();
  }
  const combined = bestTogether(
    own,
    kinds.map((kind) => kind.filter((each) => alive.includes(each))),
  );
  if (combined !== undefined) {
    of = place + 2 * rounds;
    alive.push(combined);
    for (
      let round = rounds;
      round < 2 * rounds && failures.every(({ mlx }) => mlx !== combined.mlx);
      round += 1
    ) {
      for (const setting of round % 2 === 0 ? [own, combined] : [combined, own]) {
        await measure(setting, round);
      }
    }
    alive = remaining();
  }
  return {
    kind: 'tune',
    schemaVersion: tuneSchemaVersion,
    startedAt: clock.startedAt,
    seconds: clock.seconds,
    model: modelOf(subject),
    device: description.device,
    versions: description.versions,
    settings,
    activeBytes,
    failures,
    ...judgeTuning([own, ...alive].map((setting) => measuredOf(own, setting))),
  };
}

const modelOf = ({ model: { name, source, tensorBytes, bytesByDtype } }: Subject): TuneDocument['model'] => ({
  name,
  source,
  tensorBytes,
  bytesByDtype,
});

const measuredOf = (own: Setting, { mlx, rounds, audio }: Setting): MeasuredSetting => ({
  mlx,
  rounds,
  sameAudio: audio === own.audio,
});

/** What is tried, by kind. Limits in whole megabytes lie between active memory and the peak of MLX by itself. */
function kindsOf({ activeBytes, peakBytes, description }: Measurement, values: TuneValues): Setting[][] {
  const { opsPerBuffer = usual[description.device.type], bfsWidth = usual.widths, memoryLimitBytes } = values;
  const transient = Math.max(...peakBytes) - activeBytes;
  const limits = usualShares.map((share) => Math.ceil((activeBytes + share * transient) / 1e6) * 1e6);
  return [
    opsPerBuffer.map((each) => fresh({ opsPerBuffer: each })),
    bfsWidth.map((each) => fresh({ bfsWidth: each })),
    [...new Set(memoryLimitBytes ?? limits)].map((each) => fresh({ memoryLimitBytes: each })),
  ];
}

/** The best of each kind in one setting; undefined where not two kinds have one that is better than MLX by itself. */
function bestTogether(own: Setting, kinds: readonly (readonly Setting[])[]): Setting | undefined {
  const best = kinds.flatMap((kind) => {
    const [, ...points] = judgeTuning([own, ...kind].map((each) => measuredOf(own, each))).points;
    const [lowest] = points
      .filter(lowersPeak)
      .toSorted((a: TunePoint, b: TunePoint) => costOf(a) - costOf(b));
    return lowest === undefined || costOf(lowest) >= 1 ? [] : [lowest.mlx];
  });
  return best.length < 2 ? undefined : fresh(Object.assign({}, ...best) as MlxSettings);
}

/** In a host of its own, whose MLX has nothing set but this, whatever this process was started with. */
async function measureOne(
  { model, voiceFile }: Subject,
  settings: ProfileSettings,
  mlx: MlxSettings,
  { signal, host: hostOptions, onStep }: Pick<TuneOptions, 'signal' | 'host' | 'onStep'>,
): Promise<Measurement> {
  await using host = await ModelHost.start({
    ...hostOptions,
    signal,
    environment: { ...mlxOwnEnvironment, ...mlxEnvironment(mlx) },
  });
  const { memoryLimitBytes } = mlx;
  const load = await host.load({ folder: model.folder, voiceFile, memoryLimitBytes }, { signal });
  const { iterations, error } = await runLoop(host, settings, { model: model.name, signal, onStep });
  if (error !== undefined) {
    throw error instanceof Error ? error : new Error('The loop ended early.', { cause: error });
  }
  const measured = iterations.filter(({ warmup }) => !warmup);
  const hash = createHash('sha256');
  const { phonemes, seed, deterministic, speed } = settings;
  for (const each of phonemes) {
    const { audio } = await host.synthesize({ phonemes: each, seed, deterministic, speed }, { signal });
    hash.update(new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength));
  }
  return {
    peakBytes: measured.map(({ peakBytes }) => peakBytes),
    seconds: measured.map(({ seconds }) => seconds),
    activeBytes: load.activeBytes + load.voiceBytes,
    audio: hash.digest('hex'),
    description: host.description,
  };
}
