/** Kokoro's network: its parts, and the stages in which they turn tokens and a style into samples. */

import { array, concatenate, take } from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import { linearFrom } from '../nn/linear.ts';
import type { Weights } from '../nn/weights.ts';
import { Albert } from './albert.ts';
import type { KokoroConfig } from './config.ts';
import { Decoder } from './decoder.ts';
import { Generator } from './generator.ts';
import type { GeneratorLayers } from './generator.ts';
import { HarmonicSource } from './harmonic-source.ts';
import { alignmentIndices, ProsodyPredictor, wholeFrames } from './prosody.ts';
import { defineStage } from './stages.ts';
import type { Stage } from './stages.ts';
import { ShortTimeFourier } from './stft.ts';
import { TextEncoder } from './text-encoder.ts';

/** The tensors that pass between stages; `frames` are of 600 samples. */
export type ValueName =
  /** int32 [1, tokens]. */
  | 'tokenIds'
  /** [1, style]: the first half of a voice's style. */
  | 'decoderStyle'
  /** [1, style]: the second half. */
  | 'prosodyStyle'
  /** [1, tokens, 768]. */
  | 'hidden'
  /** [1, tokens, 640]. */
  | 'durationEncoding'
  /** int32 [1, tokens], in frames. */
  | 'durations'
  /** int32 [frames]: the index of each frame's token. */
  | 'frameTokens'
  /** [1, 2 · frames], in Hz. */
  | 'pitch'
  /** [1, 2 · frames]. */
  | 'energy'
  /** [1, tokens, 512]. */
  | 'textEncoding'
  /** [1, 2 · frames, 512]. */
  | 'decoded'
  /** [1, 120 · frames + 1, 22]: the excitation's magnitudes and phases. */
  | 'harmonics'
  /** [1, 120 · frames + 1, 11]. */
  | 'magnitude'
  /** [1, 120 · frames + 1, 11]. */
  | 'phase'
  /** [1, 600 · frames]. */
  | 'audio';

export interface StageOptions {
  /** Durations are divided by it. */
  readonly speed: number;
  /** Whether the excitation has noise. */
  readonly noise: boolean;
}

/** Not what the whole number of NaN is, which differs from one device to another. Throws a RangeError. */
function checkedDurations(durations: Tensor): Int32Array {
  const frames = Int32Array.from(durations.toTypedArray(), Number);
  const stray = frames.find((each) => each < 1);
  if (stray !== undefined) {
    throw new RangeError(`alignment: a duration of ${stray} frames`);
  }
  return frames;
}

export class KokoroNetwork {
  readonly albert: Albert;
  readonly encodeHidden: Layer;
  readonly predictor: ProsodyPredictor;
  readonly textEncoder: TextEncoder;
  readonly decoder: Decoder;
  readonly source: HarmonicSource;
  readonly generator: Generator;
  readonly fourier: ShortTimeFourier;

  constructor(weights: Weights, config: KokoroConfig, generatorLayers: GeneratorLayers) {
    const { istftnet, plbert, hidden_dim, sample_rate } = config;
    const hop = istftnet.gen_istft_hop_size;
    this.albert = new Albert(weights.at('bert'), config);
    this.encodeHidden = linearFrom(weights.at('bert_encoder'), plbert.hidden_size, hidden_dim);
    this.predictor = new ProsodyPredictor(weights.at('predictor'), config);
    this.textEncoder = new TextEncoder(weights.at('text_encoder'), config);
    this.decoder = new Decoder(weights.at('decoder'), config);
    this.source = new HarmonicSource(weights.at('decoder', 'generator', 'm_source'), {
      sampleRate: sample_rate,
      samplesPerValue: istftnet.upsample_rates.reduce((product, rate) => product * rate, hop),
    });
    this.generator = new Generator(weights.at('decoder', 'generator'), config, generatorLayers);
    this.fourier = new ShortTimeFourier(istftnet.gen_istft_n_fft, hop);
  }

  /** From `tokenIds` to `durations`, whose values decide the sizes of everything after them. */
  textStages({ speed }: StageOptions): readonly Stage<ValueName>[] {
    return [
      defineStage('bert', ['tokenIds'], ({ tokenIds }) => ({ hidden: this.albert.forward(tokenIds) })),
      defineStage('duration encoder', ['hidden', 'prosodyStyle'], ({ hidden, prosodyStyle }) => ({
        durationEncoding: this.predictor.durationEncoder.forward(
          this.encodeHidden.forward(hidden),
          prosodyStyle,
        ),
      })),
      defineStage('durations', ['durationEncoding'], ({ durationEncoding }) => ({
        durations: wholeFrames(this.predictor.durations(durationEncoding, speed)),
      })),
    ];
  }

  /** From evaluated `durations` to `audio`. */
  speechStages({ noise }: StageOptions): readonly Stage<ValueName>[] {
    return [
      defineStage('alignment', ['durations'], ({ durations }) => ({
        frameTokens: array(alignmentIndices(checkedDurations(durations)), undefined, 'int32'),
      })),
      defineStage(
        'pitch and energy',
        ['durationEncoding', 'frameTokens', 'prosodyStyle'],
        ({ durationEncoding, frameTokens, prosodyStyle }) => ({
          ...this.predictor.curves(take(durationEncoding, frameTokens, 1), prosodyStyle),
        }),
      ),
      defineStage('text encoder', ['tokenIds'], ({ tokenIds }) => ({
        textEncoding: this.textEncoder.forward(tokenIds),
      })),
      defineStage(
        'decoder',
        ['textEncoding', 'frameTokens', 'pitch', 'energy', 'decoderStyle'],
        ({ textEncoding, frameTokens, pitch, energy, decoderStyle }) => ({
          decoded: this.decoder.forward(take(textEncoding, frameTokens, 1), { pitch, energy }, decoderStyle),
        }),
      ),
      defineStage('source', ['pitch'], ({ pitch }) => {
        const { magnitude, phase } = this.fourier.transform(this.source.forward(pitch, { noise }));
        return { harmonics: concatenate([magnitude, phase], 2) };
      }),
      defineStage(
        'generator',
        ['decoded', 'harmonics', 'decoderStyle'],
        ({ decoded, harmonics, decoderStyle }) => ({
          ...this.generator.forward(decoded, harmonics, decoderStyle),
        }),
      ),
      defineStage('waveform', ['magnitude', 'phase'], ({ magnitude, phase }) => ({
        audio: this.fourier.inverse({ magnitude, phase }),
      })),
    ];
  }
}
