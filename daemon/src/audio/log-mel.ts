/**
 * How alike two renderings of one text sound, by their log-mel spectrograms: their waveforms drift apart in phase with the
 * smallest difference in F0, so those tell nothing.
 */

const windowSize = 1024;
/** Half a frame of Kokoro's, so that every frame is seen twice. */
const hopSize = 300;
const bandCount = 64;
/** What lies further below a signal's loudest cell than this is its silence. */
const rangeDecibels = 60;

interface Likeness {
  /** Pearson's, over all cells; 1 for the same spectrogram at any level. */
  readonly correlation: number;
  /** The root mean square of the differences, over the cells that are not silent in both. */
  readonly distanceDecibels: number;
}

/**
 * Compares two signals over the time that both last. Each is taken relative to its own loudest cell, so a difference in level
 * does not count. Gives nothing where either is silent, or has no samples or one that is not finite.
 */
export function likeness(a: Float32Array, b: Float32Array, sampleRate: number): Likeness | undefined {
  const length = Math.min(a.length, b.length);
  const cellsA = logMelCells(a.subarray(0, length), sampleRate);
  const cellsB = logMelCells(b.subarray(0, length), sampleRate);
  if (cellsA === undefined || cellsB === undefined) {
    return undefined;
  }
  const count = cellsA.length;
  const sums = { a: 0, b: 0, aa: 0, bb: 0, ab: 0, square: 0, heard: 0 };
  for (const [index, x] of cellsA.entries()) {
    const y = cellsB[index] ?? 0;
    sums.a += x;
    sums.b += y;
    sums.aa += x * x;
    sums.bb += y * y;
    sums.ab += x * y;
    if (x > -rangeDecibels || y > -rangeDecibels) {
      sums.square += (x - y) ** 2;
      sums.heard += 1;
    }
  }
  const covariance = sums.ab - (sums.a * sums.b) / count;
  const variances = (sums.aa - sums.a ** 2 / count) * (sums.bb - sums.b ** 2 / count);
  return {
    // Rounding can take it past 1, and a spectrogram that is the same everywhere has no variance.
    correlation: variances > 0 ? Math.min(1, covariance / Math.sqrt(variances)) : 1,
    distanceDecibels: Math.sqrt(sums.square / sums.heard),
  };
}

/**
 * Decibels below the loudest cell, from -60 to 0: 64 mel bands of each window, one window after the other. Nothing here is shared
 * with the network's own transform, so a mistake there cannot hide itself.
 */
export function logMelCells(samples: Float32Array, sampleRate: number): Float64Array | undefined {
  const bands = melBands(sampleRate);
  const windows = Math.max(1, Math.floor((samples.length - windowSize) / hopSize) + 1);
  const cells = new Float64Array(windows * bandCount);
  let loudest = 0;
  for (let place = 0; place < windows; place += 1) {
    const power = powerSpectrum(samples.subarray(place * hopSize, place * hopSize + windowSize));
    for (const [band, weights] of bands.entries()) {
      const energy = weights.reduce((sum, { bin, weight }) => sum + weight * (power[bin] ?? 0), 0);
      if (!Number.isFinite(energy)) {
        return undefined;
      }
      cells[place * bandCount + band] = energy;
      loudest = Math.max(loudest, energy);
    }
  }
  return loudest === 0
    ? undefined
    : cells.map((energy) => Math.max(-rangeDecibels, 10 * Math.log10(energy / loudest)));
}

type Band = readonly { readonly bin: number; readonly weight: number }[];

/** Overlapping triangles whose peaks are equally far apart on O'Shaughnessy's mel scale, 2595 log10(1 + f / 700). */
function melBands(sampleRate: number): Band[] {
  const hertzOf = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);
  const top = 2595 * Math.log10(1 + sampleRate / 2 / 700);
  const peaks = Array.from({ length: bandCount + 2 }, (_, index) => hertzOf((top * index) / (bandCount + 1)));
  const binHertz = sampleRate / windowSize;
  return Array.from({ length: bandCount }, (_, band) => {
    const [low = 0, peak = 0, high = 0] = peaks.slice(band, band + 3);
    const inside = Array.from({ length: windowSize / 2 + 1 }, (_unused, bin) => {
      const hertz = bin * binHertz;
      return { bin, weight: Math.min((hertz - low) / (peak - low), (high - hertz) / (high - peak)) };
    }).filter(({ weight }) => weight > 0);
    // The lowest triangles are narrower than a bin, and take the one nearest to their peak.
    return inside.length > 0 ? inside : [{ bin: Math.round(peak / binHertz), weight: 1 }];
  });
}

const hann = Float64Array.from(
  { length: windowSize },
  (_, index) => Math.sin((Math.PI * index) / windowSize) ** 2,
);

/** The squared magnitudes of a window's bins 0 to half of its size; a short window is filled with zeros. */
function powerSpectrum(window: Float32Array): Float64Array {
  let re: Float64Array = new Float64Array(windowSize);
  let im: Float64Array = new Float64Array(windowSize);
  for (const [index, sample] of window.entries()) {
    re[index] = sample * (hann[index] ?? 0);
  }
  // Stockham's autosort transform: each pass writes its results in order, so nothing is reversed.
  let nextRe: Float64Array = new Float64Array(windowSize);
  let nextIm: Float64Array = new Float64Array(windowSize);
  for (let half = windowSize / 2, stride = 1; half >= 1; half /= 2, stride *= 2) {
    for (let place = 0; place < half; place += 1) {
      const cos = Math.cos((Math.PI * place) / half);
      const sin = -Math.sin((Math.PI * place) / half);
      for (let offset = 0; offset < stride; offset += 1) {
        const first = offset + stride * place;
        const second = first + stride * half;
        const even = offset + stride * 2 * place;
        const odd = even + stride;
        const [aRe = 0, aIm = 0, bRe = 0, bIm = 0] = [re[first], im[first], re[second], im[second]];
        nextRe[even] = aRe + bRe;
        nextIm[even] = aIm + bIm;
        nextRe[odd] = (aRe - bRe) * cos - (aIm - bIm) * sin;
        nextIm[odd] = (aRe - bRe) * sin + (aIm - bIm) * cos;
      }
    }
    [re, nextRe] = [nextRe, re];
    [im, nextIm] = [nextIm, im];
  }
  return Float64Array.from(
    { length: windowSize / 2 + 1 },
    (_, bin) => (re[bin] ?? 0) ** 2 + (im[bin] ?? 0) ** 2,
  );
}
