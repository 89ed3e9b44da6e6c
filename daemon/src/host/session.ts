/** What a model host does: holds one Kokoro and one voice, measures what they say, and hands speech out. */

import { arch, cpus, platform, totalmem } from 'node:os';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { DeviceRecord } from '@tidemark/shared/protocol/environment.ts';
import type { IterationSample, LoadRecord } from '@tidemark/shared/protocol/profile-document.ts';
import { Kokoro } from '../kokoro/kokoro.ts';
import { Voice } from '../kokoro/voice.ts';
import { blasLibrary, describeDevice, mlxVersion } from '../mlx/device.ts';
import { footprintBytes, memorySnapshot, resetPeak } from '../mlx/memory.ts';
import { seedRandom } from '../mlx/random.ts';
import { liveTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { tidemarkVersion } from '../version.ts';
import { measure, settle } from './measure.ts';
import type {
  HostDescription,
  IterationParameters,
  LoadParameters,
  Synthesis,
  SynthesisParameters,
} from './messages.ts';
import { processFigures } from './process-figures.ts';

interface Loaded {
  readonly model: Kokoro;
  readonly voice: Voice;
}

export class HostSession {
  #loaded: Loaded | undefined;

  describe(): HostDescription {
    return {
      pid: process.pid,
      device: deviceRecord(),
      versions: {
        tidemark: tidemarkVersion,
        mlx: mlxVersion(),
        node: process.versions.node,
        blas: blasLibrary(),
      },
    };
  }

  /** Loads a checkpoint and a voice in the place of what is there. Throws what {@link Kokoro.load} and {@link Voice.load} do. */
  async load({ folder, voiceFile }: LoadParameters): Promise<LoadRecord> {
    this.dispose();
    await settle();
    const footprintBeforeBytes = footprintBytes();
    resetPeak();
    const startedAt = performance.now();
    const model = Kokoro.load(folder);
    const seconds = (performance.now() - startedAt) / 1000;
    try {
      await settle();
      const { activeBytes, peakBytes } = memorySnapshot();
      const weightTensors = liveTensors();
      const voice = Voice.load(voiceFile);
      this.#loaded = { model, voice };
      await settle();
      return {
        activeBytes,
        peakBytes,
        seconds,
        voiceBytes: memorySnapshot().activeBytes - activeBytes,
        weightTensors,
        liveTensors: liveTensors(),
        footprintBeforeBytes,
        footprintBytes: footprintBytes(),
      };
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** One turn of the loop: says every utterance, keeps none, and reads all figures. */
  async iterate({ index, warmup, phonemes, seed, ...manner }: IterationParameters): Promise<IterationSample> {
    const { model } = this.#need();
    const utterances = phonemes.map((each) => model.tokenize(each));
    // Once more after the work: the generator's state is an array of MLX too, and weighs 8 bytes more when it was drawn
    // from. So both readings of active memory are of the same state.
    seedRandom(seed);
    const { result: samples, ...memory } = await measure(() => {
      const spoken = utterances.reduce((sum, tokens) => sum + this.#countSamples(tokens, manner), 0);
      seedRandom(seed);
      return spoken;
    });
    return {
      index,
      warmup,
      ...memory,
      samples,
      audioSeconds: samples / model.config.sample_rate,
      ...processFigures(),
    };
  }

  /** Says one utterance and copies its audio out. */
  synthesize({ phonemes, seed, ...manner }: SynthesisParameters): Synthesis {
    const { model } = this.#need();
    if (seed !== undefined) {
      seedRandom(seed);
    }
    const audio = this.#speak(model.tokenize(phonemes), manner, (tensor) => tensor.toFloat32Array());
    return { audio, sampleRate: model.config.sample_rate };
  }

  dispose(): void {
    this.#loaded?.model.dispose();
    this.#loaded?.voice.dispose();
    this.#loaded = undefined;
  }

  #countSamples(tokens: readonly number[], manner: Manner): number {
    return this.#speak(tokens, manner, (audio) => audio.dim(-1));
  }

  /** Frees everything but what `read` takes from the audio, [1, samples]. */
  #speak<Result>(tokens: readonly number[], manner: Manner, read: (audio: Tensor) => Result): Result {
    const { model, voice } = this.#need();
    // The tokens at both ends are silence, not phonemes.
    using style = voice.styleFor(tokens.length - 2);
    using audio = model.synthesize(tokens, style, manner).audio;
    return read(audio);
  }

  #need(): Loaded {
    if (this.#loaded === undefined) {
      throw new TidemarkError('internal', 'The model host was asked to speak before a model was loaded.');
    }
    return this.#loaded;
  }
}

interface Manner {
  readonly deterministic: boolean;
  readonly speed: number;
}

function deviceRecord(): DeviceRecord {
  const { type, info } = describeDevice();
  const processors = cpus();
  const named = info['device_name'];
  return {
    type,
    name: typeof named === 'string' && named !== '' ? named : (processors[0]?.model ?? arch()),
    platform: platform(),
    architecture: arch(),
    cores: processors.length,
    memoryBytes: totalmem(),
    info: { ...info },
  };
}
