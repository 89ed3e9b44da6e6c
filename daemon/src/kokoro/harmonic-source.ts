/** The generator's excitation: sines at the pitch and its harmonics where speech is voiced, noise where it is not. */

import {
  add,
  array,
  astype,
  cumsum,
  divide,
  expandDims,
  greater,
  multiply,
  randomNormal,
  randomUniform,
  remainder,
  repeat,
  sin,
  squeeze,
  subtract,
  take,
  tanh,
} from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import { linearFrom } from '../nn/linear.ts';
import type { Weights } from '../nn/weights.ts';

/** Of the neural source-filter model (Wang et al., 2019), as Kokoro's code sets them. */
const harmonicCount = 9;
const sineAmplitude = 0.1;
const voicedNoise = 0.003;
/** In Hz: a pitch up to this counts as unvoiced. */
const voicedThreshold = 10;

interface HarmonicSourceOptions {
  /** In Hz. */
  readonly sampleRate: number;
  /** Samples for each value of the pitch curve. */
  readonly samplesPerValue: number;
}

export class HarmonicSource {
  readonly #merge: Layer;
  readonly #options: HarmonicSourceOptions;

  constructor(weights: Weights, options: HarmonicSourceOptions) {
    this.#merge = linearFrom(weights.at('l_linear'), harmonicCount, 1);
    this.#options = options;
  }

  /** A pitch curve in Hz [1, values] → samples [1, values · samplesPerValue]. Without noise it is deterministic. */
  forward(pitch: Tensor, { noise }: { readonly noise: boolean }): Tensor {
    const values = expandDims(pitch, 2);
    const voiced = repeat(
      astype(greater(values, voicedThreshold), 'float32'),
      this.#options.samplesPerValue,
      1,
    );
    // mlx-audio draws initial phases before the noise. It adds them to sample 0 of a curve that it then resamples to one
    // value in 300 samples, from the middles of those, so they never reach the output. The draw is repeated
    // here for the noise that follows to be the same from the same seed.
    if (noise) {
      randomUniform([1, harmonicCount]);
    }
    const sines = multiply(multiply(this.#sines(values), sineAmplitude), voiced);
    const excitation = noise ? add(sines, this.#noise(voiced)) : sines;
    return squeeze(tanh(this.#merge.forward(excitation)), 2);
  }

  /** [1, values, 1] in Hz → [1, samples, harmonics]: the sines of the accumulated phases. */
  #sines(pitch: Tensor): Tensor {
    const { sampleRate, samplesPerValue } = this.#options;
    const sampleCount = pitch.dim(1) * samplesPerValue;
    const harmonics = array(Float32Array.from({ length: harmonicCount }, (_, index) => index + 1));
    const cyclesPerSample = remainder(divide(multiply(pitch, harmonics), sampleRate), 1);

    // mlx-audio repeats the curve for every sample, and takes means of the samples around the middle of each stretch.
    // All of those have the value of their stretch, so the values can be picked directly. The number of
    // stretches is rounded up from a product that is often just above a whole number, as it is there.
    const stretches = Math.ceil(sampleCount * (1 / samplesPerValue));
    const middles = linearTaps(sampleCount, stretches);
    const valueOf = (samples: Int32Array): Int32Array =>
      samples.map((sample) => Math.floor(sample / samplesPerValue));
    const stretched = resample(cyclesPerSample, {
      low: valueOf(middles.low),
      high: valueOf(middles.high),
      fraction: middles.fraction,
    });

    const phase = multiply(multiply(multiply(cumsum(stretched, 1), 2), Math.PI), samplesPerValue);
    return sin(resample(phase, linearTaps(stretches, Math.ceil(stretches * samplesPerValue), sampleCount)));
  }

  /** Normal noise [1, samples, harmonics]: faint below voiced speech, as loud as a third of a sine elsewhere. */
  #noise(voiced: Tensor): Tensor {
    const amplitude = add(
      multiply(voiced, voicedNoise),
      divide(multiply(subtract(1, voiced), sineAmplitude), 3),
    );
    return multiply(amplitude, randomNormal([1, voiced.dim(1), harmonicCount]));
  }
}

/** Means of neighbors along axis 1 of [1, length, channels]. */
function resample(x: Tensor, { low, high, fraction }: LinearTaps): Tensor {
  const later = array(fraction, [fraction.length, 1]);
  const earlier = subtract(1, later);
  const at = (indices: Int32Array): Tensor => take(x, array(indices, undefined, 'int32'), 1);
  return add(multiply(at(low), earlier), multiply(at(high), later));
}

/** The positions and weights of a linear resampling. */
interface LinearTaps {
  /** The earlier of the two inputs that each output lies between. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** The weight of the later one. */
  readonly fraction: Float32Array;
}

/**
 * Where the first `count` of `outLength` outputs lie among `inLength` inputs, by the centers of the samples (PyTorch's
 * `interpolate` without `align_corners`).
 *
 * Positions are rounded to float32 at each step, as MLX computes them for mlx-audio. At the length of a sentence that
 * moves them by hundredths of a sample, which the phase of a high harmonic shows.
 */
export function linearTaps(inLength: number, outLength: number, count = outLength): LinearTaps {
  const ratio = inLength / outLength;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const fraction = new Float32Array(count);
  const step = Math.fround(ratio);
  const halfStep = Math.fround(0.5 * ratio);
  for (let index = 0; index < count; index += 1) {
    const center = Math.fround(Math.fround(index * step) + halfStep);
    const position = Math.max(Math.fround(center - 0.5), 0);
    const below = Math.floor(position);
    low[index] = below;
    high[index] = Math.min(below + 1, inLength - 1);
    fraction[index] = position - below;
  }
  return { low, high, fraction };
}
