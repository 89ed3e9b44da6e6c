/** What operations give by their definitions, in plain loops and double precision: the judge of the native ones. */

import { at } from './numbers.ts';

type Numbers = ArrayLike<number>;

/** [m, k] times [k, n] → [m, n]. */
export function product(a: Numbers, b: Numbers, [m, n, k]: readonly [number, number, number]): Float64Array {
  const c = new Float64Array(m * n);
  for (let row = 0; row < m; row += 1) {
    for (let inner = 0; inner < k; inner += 1) {
      const factor = at(a, row * k + inner);
      for (let column = 0; column < n; column += 1) {
        c[row * n + column] = at(c, row * n + column) + factor * at(b, inner * n + column);
      }
    }
  }
  return c;
}

export const transposed = (x: Float32Array, rows: number, columns: number): Float32Array =>
  x.map((_, index) => at(x, (index % rows) * columns + Math.floor(index / rows)));

interface ConvolutionShape {
  readonly batch?: number;
  readonly length: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
}

/** x [batch, length, in], kernel [out, kernelSize, in] → [batch, length', out]: the sum over the taps. */
export function convolution(x: Numbers, kernel: Numbers, shape: ConvolutionShape): Float64Array {
  const { batch = 1, length, inChannels, outChannels, kernelSize } = shape;
  const { stride = 1, padding = 0, dilation = 1 } = shape;
  const outLength = Math.floor((length + 2 * padding - dilation * (kernelSize - 1) - 1) / stride) + 1;
  const y = new Float64Array(batch * outLength * outChannels);
  for (const index of y.keys()) {
    const [step, out] = [Math.floor(index / outChannels), index % outChannels];
    const item = Math.floor(step / outLength);
    for (let tap = 0; tap < kernelSize; tap += 1) {
      const position = (step % outLength) * stride + tap * dilation - padding;
      for (let channel = 0; channel < inChannels && position >= 0 && position < length; channel += 1) {
        y[index] =
          at(y, index) +
          at(x, (item * length + position) * inChannels + channel) *
            at(kernel, (out * kernelSize + tap) * inChannels + channel);
      }
    }
  }
  return y;
}

interface TransposedShape {
  readonly length: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;
  /** Each channel on its own, in a kernel [channels, kernelSize, 1]. */
  readonly depthwise?: boolean;
}

/** x [length, in], kernel [out, kernelSize, in] → [(length − 1) · stride − 2 · padding + kernelSize, out]: each step adds the kernel at its place. */
export function transposedConvolution(x: Numbers, kernel: Numbers, shape: TransposedShape): Float64Array {
  const { length, inChannels, outChannels, kernelSize, stride, padding, depthwise = false } = shape;
  const outLength = (length - 1) * stride - 2 * padding + kernelSize;
  const y = new Float64Array(outLength * outChannels);
  const width = depthwise ? 1 : inChannels;
  for (let step = 0; step < length; step += 1) {
    for (let tap = 0; tap < kernelSize; tap += 1) {
      const position = step * stride + tap - padding;
      for (let out = 0; out < outChannels && position >= 0 && position < outLength; out += 1) {
        const index = position * outChannels + out;
        for (let channel = 0; channel < width; channel += 1) {
          const value = at(x, step * inChannels + (depthwise ? out : channel));
          y[index] = at(y, index) + value * at(kernel, (out * kernelSize + tap) * width + channel);
        }
      }
    }
  }
  return y;
}

export interface LstmWeights {
  /** [4 · hidden, in], gates in the order i, f, g, o. */
  readonly input: Numbers;
  /** [4 · hidden, hidden]. */
  readonly hidden: Numbers;
  /** Two of [4 · hidden], which are added. */
  readonly biases: readonly [Numbers, Numbers];
}

/** x [steps, in] → [steps, 2 · hidden]: forward over the steps, and backward. */
export function bidirectionalLstm(
  x: Numbers,
  [forward, backward]: readonly [LstmWeights, LstmWeights],
  [inFeatures, hiddenSize]: readonly [number, number],
): number[] {
  const steps = [...Array(x.length / inFeatures).keys()];
  const forwards = runLstm(x, forward, [inFeatures, hiddenSize], steps);
  const backwards = runLstm(x, backward, [inFeatures, hiddenSize], steps.toReversed());
  return steps.flatMap((step) => [...(forwards[step] ?? []), ...(backwards[step] ?? [])]);
}

function runLstm(
  x: Numbers,
  { input, hidden: hiddenWeight, biases }: LstmWeights,
  [inFeatures, hiddenSize]: readonly [number, number],
  order: readonly number[],
): number[][] {
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
  const outputs: number[][] = [];
  let hidden = new Array<number>(hiddenSize).fill(0);
  let cell = new Array<number>(hiddenSize).fill(0);
  for (const step of order) {
    const gates = Array.from({ length: 4 * hiddenSize }, (_, row) => {
      let sum = at(biases[0], row) + at(biases[1], row);
      for (let column = 0; column < inFeatures; column += 1) {
        sum += at(input, row * inFeatures + column) * at(x, step * inFeatures + column);
      }
      return hidden.reduce(
        (total, value, column) => total + at(hiddenWeight, row * hiddenSize + column) * value,
        sum,
      );
    });
    const gate = (part: number, unit: number): number => at(gates, part * hiddenSize + unit);
    cell = cell.map(
      (value, unit) => sigmoid(gate(1, unit)) * value + sigmoid(gate(0, unit)) * Math.tanh(gate(2, unit)),
    );
    hidden = cell.map((value, unit) => sigmoid(gate(3, unit)) * Math.tanh(value));
    outputs[step] = hidden;
  }
  return outputs;
}
