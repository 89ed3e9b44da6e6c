/** What a model host does: holds one Kokoro and one voice, measures what they say, and hands speech out. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { IterationSample, LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import type { LayerTransient, UnresetSequence } from '@tidemark/shared/protocol/study-document.ts';
import { Kokoro } from '../kokoro/kokoro.ts';
import type { SynthesisOptions } from '../kokoro/kokoro.ts';
import { Voice } from '../kokoro/voice.ts';
import { blasLibrary, describeDevice, mlxVersion } from '../mlx/device.ts';
import { memorySnapshot, resetPeak, setCacheLimit, setMemoryLimit, synchronize } from '../mlx/memory.ts';
import { footprintBytes } from '../mlx/process.ts';
import { seedRandom } from '../mlx/ops.ts';
import { liveTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { readCheckpointTensors, readLoadableTensors } from '../models/safetensors/header.ts';
import { tidemarkVersion } from '../version.ts';
import { attribute } from './attribute.ts';
import { layerTransients } from './layer-transients.ts';
import { deviceRecord } from './machine.ts';
import { deviceFigure, measure, processFigures, settle, settledFootprint } from './measure.ts';
import type { AttributionReading, HostDescription, HostParameters, HostResult } from './messages.ts';
import { isFinite, nonFiniteError, requireFiniteDurations } from './non-finite.ts';
import type { Utterance } from './non-finite.ts';
import { Planter } from './planter.ts';
import { traceInOrders } from './trace.ts';

interface Loaded {
  readonly model: Kokoro;
  readonly voice: Voice;
  readonly files: Utterance['files'];
}

type SpokenUtterance = Pick<Utterance, 'tokens' | 'style' | 'manner'>;

export class HostSession {
  #loaded: Loaded | undefined;
  readonly #planter = new Planter();
  /** The shapes that the present run has said: tokens and samples of an utterance. */
  readonly #shapes = new Set<string>();
  /** MLX's own limit, once it was asked for. */
  #ownCacheLimit: number | undefined;

  describe(): HostDescription {
    return {
      pid: process.pid,
      device: deviceRecord(describeDevice()),
      versions: {
        tidemark: tidemarkVersion,
        mlx: mlxVersion(),
        node: process.versions.node,
        blas: blasLibrary(),
      },
    };
  }

  /** What the counters say now; an answer at all says that the host is well. */
  memory(): HostResult<'memory'> {
    return { ...memorySnapshot(), footprintBytes: footprintBytes() };
  }

  /**
   * Loads a checkpoint and a voice in the place of what is there. Throws what {@link Kokoro.load} and {@link Voice.load} do, and
   * 'bad-checkpoint' where MLX could not read a file.
   */
  async load({
    folder,
    voiceFile,
    alterations,
    strategy,
    cacheLimitBytes,
    memoryLimitBytes,
  }: HostParameters<'load'>): Promise<LoadRecord> {
    this.dispose();
    await readCheckpointTensors(folder);
    await readLoadableTensors(voiceFile);
    if (cacheLimitBytes !== undefined) {
      this.#limitCache(cacheLimitBytes);
    }
    if (memoryLimitBytes !== undefined) {
      setMemoryLimit(memoryLimitBytes);
    }
    await settle();
    const { footprintBytes: footprintBeforeBytes } = await settledFootprint();
    resetPeak();
    const startedAt = performance.now();
    const model = Kokoro.load(folder, alterations, strategy);
    const seconds = (performance.now() - startedAt) / 1000;
    try {
      await settle();
      const { activeBytes, peakBytes } = memorySnapshot();
      const weightTensors = liveTensors();
      requireFiniteDurations(model, folder);
      const voice = Voice.load(voiceFile);
      this.#loaded = { model, voice, files: { folder, voiceFile } };
      await settle();
      return {
        activeBytes,
        peakBytes,
        seconds,
        voiceBytes: memorySnapshot().activeBytes - activeBytes,
        weightTensors,
        liveTensors: liveTensors(),
        footprintBeforeBytes,
        footprintBytes: (await settledFootprint()).footprintBytes,
        ...deviceFigure(),
      };
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** What a run begins with: an empty cache with its limit, and no shape that was said. */
  async resetCache({ limitBytes }: HostParameters<'resetCache'>): Promise<HostResult<'resetCache'>> {
    this.#shapes.clear();
    await settle();
    return { limitBytes: this.#limitCache(limitBytes) };
  }

  /** Returns the limit that is in force from now on. */
  #limitCache(limitBytes: number | undefined): number {
    // It can be read only by setting another one.
    this.#ownCacheLimit ??= setCacheLimit(0);
    const limit = limitBytes ?? this.#ownCacheLimit;
    setCacheLimit(limit);
    return limit;
  }

  /** One turn of the loop: says every utterance, keeps none, and reads all figures. */
  async iterate(parameters: HostParameters<'iterate'>): Promise<IterationSample> {
    const { index, warmup, phonemes, textIndex, keepCache, seed, durations, ...manner } = parameters;
    const { model } = this.#need();
    const utterances = phonemes.map((each, place) => ({
      tokens: model.tokenize(each),
      manner: { ...manner, durations: durations?.[place] },
    }));
    // Once more after the work: the generator's state is an array of MLX too, and weighs 8 bytes more when it was drawn
    // from. So both readings of active memory are of the same state.
    seedRandom(seed);
    const { result: counts, ...memory } = await measure(
      () => {
        const spoken = utterances.map((each) => this.#countSamples(each.tokens, each.manner));
        seedRandom(seed);
        return spoken;
      },
      { keepCache },
    );
    const samples = counts.reduce((sum, each) => sum + each, 0);
    const shapesBefore = this.#shapes.size;
    for (const [place, { tokens }] of utterances.entries()) {
      this.#shapes.add(`${tokens.length} ${counts[place] ?? 0}`);
    }
    return {
      index,
      warmup,
      ...(textIndex === undefined ? {} : { textIndex }),
      tokens: utterances.reduce((sum, { tokens }) => sum + tokens.length, 0),
      newShapes: this.#shapes.size - shapesBefore,
      ...memory,
      samples,
      audioSeconds: samples / model.config.sample_rate,
      ...(await processFigures()),
    };
  }

  /** Says one utterance and copies its audio out. */
  synthesize({ phonemes, seed, ...manner }: HostParameters<'synthesize'>): HostResult<'synthesize'> {
    const { model } = this.#need();
    if (seed !== undefined) {
      seedRandom(seed);
    }
    const audio = this.#speak(model.tokenize(phonemes), manner, (tensor) => tensor.toFloat32Array());
    return { audio, sampleRate: model.config.sample_rate };
  }

  /** What the model would predict for each utterance. */
  durations({ phonemes, speed }: HostParameters<'durations'>): number[][] {
    const { model, voice } = this.#need();
    return phonemes.map((each) => {
      const tokens = model.tokenize(each);
      using style = voice.styleFor(tokens.length - 2);
      return [...model.predictDurations(tokens, style, speed)];
    });
  }

  /** Speaks once, evaluating at each border, and traces each operation where that is asked for. Where the text is several utterances, the first is attributed. */
  async attribute({
    phonemes,
    seed,
    granularity,
    order = 'mlx',
    ...manner
  }: HostParameters<'attribute'>): Promise<AttributionReading> {
    const { model, voice } = this.#need();
    const tokens = model.tokenize(phonemes[0] ?? '');
    using style = voice.styleFor(tokens.length - 2);
    await settle();
    seedRandom(seed);
    const reading = attribute(model, { tokens, style, granularity, ...manner });
    return granularity === 'operations'
      ? { ...reading, traces: await traceInOrders(model, { tokens, style, seed, ...manner }, order) }
      : reading;
  }

  /** Only a check of the leak check asks for it. What is planted stays when another model is loaded. */
  plant({ kind, index }: HostParameters<'plant'>): number {
    return this.#planter.plant(kind, index);
  }

  async layerTransients(tokens: number): Promise<LayerTransient[]> {
    const { model } = this.#need();
    await settle();
    return layerTransients(model, tokens);
  }

  /** What was loaded before is let go, so that each model of the sequence stands alone in memory. */
  async unresetSequence(parameters: HostParameters<'unresetSequence'>): Promise<UnresetSequence> {
    const { models, voiceFile, phonemes, seed, ...manner } = parameters;
    this.dispose();
    await settle();
    resetPeak();
    const readings: UnresetSequence['readings'] = [];
    for (const { model: name, folder } of models) {
      const files = { folder, voiceFile };
      this.#loaded = { model: Kokoro.load(folder), voice: Voice.load(voiceFile), files };
      seedRandom(seed);
      for (const each of phonemes) {
        this.#countSamples(this.#loaded.model.tokenize(each), manner);
      }
      synchronize();
      readings.push({ model: name, peakBytes: memorySnapshot().peakBytes });
      this.dispose();
      await settle();
    }
    return { readings };
  }

  dispose(): void {
    this.#loaded?.model.dispose();
    this.#loaded?.voice.dispose();
    this.#loaded = undefined;
  }

  #countSamples(tokens: readonly number[], manner: SynthesisOptions): number {
    return this.#speak(tokens, manner, (audio) => audio.dim(-1));
  }

  /** Frees everything but what `read` takes from the audio, [1, samples]. */
  #speak<Result>(
    tokens: readonly number[],
    manner: SynthesisOptions,
    read: (audio: Tensor) => Result,
  ): Result {
    const { model, voice } = this.#need();
    // The tokens at both ends are silence, not phonemes.
    using style = voice.styleFor(tokens.length - 2);
    const utterance = { tokens, style, manner };
    using audio = this.#synthesize(model, utterance);
    this.#requireFinite(isFinite(audio), utterance);
    return read(audio);
  }

  /** What is not finite may fail before there is audio. */
  #synthesize(model: Kokoro, utterance: SpokenUtterance): Tensor {
    try {
      return model.synthesize(utterance.tokens, utterance.style, utterance.manner).audio;
    } catch (error) {
      if (error instanceof RangeError) {
        this.#requireFinite(false, utterance, error);
      }
      throw error;
    }
  }

  /** Throws 'bad-checkpoint', which says what is not finite; `otherwise`, where that is not found when it is looked for. */
  #requireFinite(isFinite: boolean, utterance: SpokenUtterance, otherwise?: Error): void {
    if (!isFinite) {
      const { model, files } = this.#need();
      const vanished = 'The audio was not finite, but everything was when it was computed again.';
      throw nonFiniteError({ model, files, ...utterance }) ?? otherwise ?? new Error(vanished);
    }
  }

  #need(): Loaded {
    if (this.#loaded === undefined) {
      throw new TidemarkError('internal', 'The model host was asked to speak before it had loaded a model.');
    }
    return this.#loaded;
  }
}
