/** The positions and weights of a linear resampling. */

export interface LinearTaps {
  /** The earlier of the two inputs that each output lies between. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** The weight of the later one. */
  readonly fraction: Float32Array;
}

/**
 * Where the first `count` of `outLength` outputs lie among `inLength` inputs, by the centres of the samples (PyTorch's
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
    const centre = Math.fround(Math.fround(index * step) + halfStep);
    const position = Math.max(Math.fround(centre - 0.5), 0);
    const below = Math.floor(position);
    low[index] = below;
    high[index] = Math.min(below + 1, inLength - 1);
    fraction[index] = position - below;
  }
  return { low, high, fraction };
}
