/**
 * An independent judge of audio: log-mel spectrograms and how well two of them agree.
 *
 * Two renderings of one sentence drift apart in phase with the smallest difference in F0, so their waveforms
 * correlate badly although they sound the same; their log-mel spectrograms do not. Nothing here is shared with the
 * network's own STFT, so a mistake there cannot hide itself.
 */

const transformSize = 1024;
const hopSize = 256;
const melBands = 80;

/** Cells are floored this far below the loudest cell of their signal: below it is silence, whose noise says nothing. */
const dynamicRangeDecibels = 80;

/**
 * The log-mel spectrogram of `samples`: one array of 80 mel bands (decibels relative to the loudest cell, from -80
 * to 0) for each window of 1,024 samples (Hann), every 256 samples; the last window is padded with zeros.
 *
 * Throws a RangeError on no samples, on a sample that is not finite and on silence, for which no judgement exists.
 */
export function logMel(samples: Float32Array, sampleRate: number): Float32Array[] {
  if (samples.length === 0) {
    throw new RangeError('log-mel of no samples');
  }
  const filters = melFilters(sampleRate);
  const frameCount = 1 + Math.ceil(Math.max(0, samples.length - transformSize) / hopSize);
  const frames: Float32Array[] = [];
  let loudest = 0;
  for (let frame = 0; frame < frameCount; frame += 1) {
    const power = powerSpectrum(samples.subarray(frame * hopSize, frame * hopSize + transformSize));
    const mel = Float32Array.from(filters, ({ first, weights }) => {
      let sum = 0;
      for (const [offset, weight] of weights.entries()) {
        sum += weight * (power[first + offset] ?? 0);
      }
      return sum;
    });
    for (const value of mel) {
      if (!Number.isFinite(value)) {
        throw new RangeError(`a sample is not finite in window ${frame}`);
      }
      loudest = Math.max(loudest, value);
    }
    frames.push(mel);
  }
  if (loudest === 0) {
    throw new RangeError('log-mel of silence');
  }
  return frames.map((mel) =>
    mel.map((value) => Math.max(-dynamicRangeDecibels, 10 * Math.log10(value / loudest))),
  );
}

/**
 * The Pearson correlation, from -1 to 1, of the log-mel spectrograms of two signals at `sampleRate` (Hz), over all
 * cells of the frames that both have. It is blind to the overall level ({@link levelDifferenceDecibels} is not) and to
 * a difference in length, which a caller asserts on its own.
 *
 * Throws a RangeError where {@link logMel} does.
 */
export function logMelCorrelation(a: Float32Array, b: Float32Array, sampleRate = 24_000): number {
  const length = Math.min(a.length, b.length);
  const framesA = logMel(a.subarray(0, length), sampleRate);
  const framesB = logMel(b.subarray(0, length), sampleRate);
  return pearson(
    framesA.flatMap((frame) => [...frame]),
    framesB.flatMap((frame) => [...frame]),
  );
}

/** How many decibels `b`'s root mean square lies above `a`'s. */
export function levelDifferenceDecibels(a: Float32Array, b: Float32Array): number {
  return 20 * Math.log10(rootMeanSquare(b) / rootMeanSquare(a));
}

function rootMeanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  return Math.sqrt(sum / samples.length);
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let covariance = 0;
  let varianceA = 0;
  let varianceB = 0;
  for (const [index, value] of a.entries()) {
    const fromA = value - meanA;
    const fromB = (b[index] ?? NaN) - meanB;
    covariance += fromA * fromB;
    varianceA += fromA * fromA;
    varianceB += fromB * fromB;
  }
  return covariance / Math.sqrt(varianceA * varianceB);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface MelFilter {
  /** The spectrum's bin that `weights` begins at. */
  readonly first: number;
  readonly weights: readonly number[];
}

/** Triangular filters, equally spaced in mel from 0 Hz to the Nyquist frequency (HTK's formula). */
function melFilters(sampleRate: number): MelFilter[] {
  const toMel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const toHertz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);
  const highest = toMel(sampleRate / 2);
  const edge = (index: number): number =>
    (toHertz((highest * index) / (melBands + 1)) * transformSize) / sampleRate;
  return Array.from({ length: melBands }, (_, band) => {
    const [low, centre, high] = [edge(band), edge(band + 1), edge(band + 2)];
    const first = Math.ceil(low);
    const weights: number[] = [];
    for (let bin = first; bin < high; bin += 1) {
      weights.push(bin < centre ? (bin - low) / (centre - low) : (high - bin) / (high - centre));
    }
    // The lowest bands can be narrower than the spacing of the bins: such a band takes the bin nearest to it.
    return weights.some((weight) => weight > 0)
      ? { first, weights }
      : { first: Math.round(centre), weights: [1] };
  });
}

const hann = Float64Array.from(
  { length: transformSize },
  (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / transformSize),
);

/** |FFT|² of one window, of `transformSize` samples or fewer (the rest zeros): bins 0 to the Nyquist frequency. */
function powerSpectrum(window: Float32Array): Float64Array {
  const real = new Float64Array(transformSize);
  const imaginary = new Float64Array(transformSize);
  for (const [index, sample] of window.entries()) {
    real[index] = sample * (hann[index] ?? 0);
  }
  fourierTransform(real, imaginary);
  return Float64Array.from(
    { length: transformSize / 2 + 1 },
    (_, bin) => (real[bin] ?? 0) ** 2 + (imaginary[bin] ?? 0) ** 2,
  );
}

/** The discrete Fourier transform in place, by Cooley and Tukey's radix-2 decimation in time. */
function fourierTransform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  const at = (values: Float64Array, index: number): number => values[index] ?? 0;
  for (let index = 1, reversed = 0; index < size; index += 1) {
    let bit = size >> 1;
    for (; reversed & bit; bit >>= 1) {
      reversed ^= bit;
    }
    reversed ^= bit;
    if (index < reversed) {
      for (const values of [real, imaginary]) {
        const kept = at(values, index);
        values[index] = at(values, reversed);
        values[reversed] = kept;
      }
    }
  }
  for (let span = 2; span <= size; span *= 2) {
    for (let offset = 0; offset < span / 2; offset += 1) {
      const angle = (-2 * Math.PI * offset) / span;
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      for (let start = offset; start < size; start += span) {
        const other = start + span / 2;
        const oddReal = at(real, other) * cosine - at(imaginary, other) * sine;
        const oddImaginary = at(real, other) * sine + at(imaginary, other) * cosine;
        const [evenReal, evenImaginary] = [at(real, start), at(imaginary, start)];
        real[start] = evenReal + oddReal;
        imaginary[start] = evenImaginary + oddImaginary;
        real[other] = evenReal - oddReal;
        imaginary[other] = evenImaginary - oddImaginary;
      }
    }
  }
}
