/** The short-time Fourier transform and its inverse, with a periodic Hann window as long as the transform. */

import {
  abs,
  add,
  arctan2,
  array,
  asStrided,
  broadcastTo,
  complex,
  concatenate,
  cos,
  divide,
  imag,
  irfft,
  multiply,
  pad,
  real,
  reshape,
  rfft,
  sin,
  slice,
  take,
} from '../mlx/ops.ts';
import type { Tensor } from '../mlx/tensor.ts';

/** Both [1, frames, size / 2 + 1], float32; phases in radians. */
export interface Spectrum {
  readonly magnitude: Tensor;
  readonly phase: Tensor;
}

export class ShortTimeFourier {
  readonly #size: number;
  readonly #hop: number;
  readonly #window: Float32Array;

  /** `size` and `hop` in samples; the size must be an even multiple of the hop. */
  constructor(size: number, hop: number) {
    if (size % hop !== 0 || size % 2 !== 0) {
      throw new RangeError(`ShortTimeFourier: ${size} is not an even multiple of ${hop}`);
    }
    this.#size = size;
    this.#hop = hop;
    this.#window = Float32Array.from(
      { length: size },
      (_, n) => 0.5 * (1 - Math.cos((2 * Math.PI * n) / size)),
    );
  }

  /** Samples [1, length] → a spectrum of length / hop + 1 frames, centered on the hops, the ends mirrored. */
  transform(samples: Tensor): Spectrum {
    const padded = this.#mirrored(samples);
    const length = padded.dim(1);
    const frameCount = 1 + Math.floor((length - this.#size) / this.#hop);
    const frames = asStrided(padded, [1, frameCount, this.#size], [length, this.#hop, 1]);
    const spectrum = rfft(multiply(frames, array(this.#window)));
    return { magnitude: abs(spectrum), phase: arctan2(imag(spectrum), real(spectrum)) };
  }

  /**
   * A spectrum of `frames` frames → samples [1, (frames − 1) · hop]. Overlapping windows add up and are divided by the sum
   * of the squared windows (Griffin and Lim, 1984).
   *
   * mlx-audio unwraps the phases first. That adds multiples of 2π, which the sine and the cosine do not see.
   */
  inverse({ magnitude, phase }: Spectrum): Tensor {
    const window = array(this.#window);
    const frames = irfft(complex(multiply(magnitude, cos(phase)), multiply(magnitude, sin(phase))));
    const squares = broadcastTo(multiply(window, window), frames.shape);
    return divide(this.#overlapAdd(multiply(frames, window)), this.#overlapAdd(squares));
  }

  /** Half a window more at either end, in reverse, the outermost sample not repeated. */
  #mirrored(samples: Tensor): Tensor {
    const length = samples.dim(1);
    const reach = this.#size / 2;
    const before = Int32Array.from({ length: reach }, (_, index) => reach - index);
    const after = Int32Array.from({ length: reach }, (_, index) => length - 2 - index);
    const edge = (indices: Int32Array): Tensor => take(samples, array(indices, undefined, 'int32'), 1);
    return concatenate([edge(before), samples, edge(after)], 1);
  }

  /**
   * [1, frames, size] → [1, (frames − 1) · hop]: frame i is added at sample i · hop, and half a window is cut off at either
   * end. In rows of one hop, the frames' first hops are one matrix, their second hops another, shifted by a row, and so on.
   */
  #overlapAdd(frames: Tensor): Tensor {
    const hops = this.#size / this.#hop;
    const frameCount = frames.dim(1);
    const byHop = reshape(frames, [frameCount, hops, this.#hop]);
    const sum = Array.from({ length: hops }, (_, hop) =>
      pad(reshape(slice(byHop, 1, hop, hop + 1), [frameCount, this.#hop]), [hop, 0], [hops - 1 - hop, 0]),
    ).reduce(add);
    const whole = reshape(sum, [1, -1]);
    return slice(whole, 1, this.#size / 2, whole.dim(1) - this.#size / 2);
  }
}
