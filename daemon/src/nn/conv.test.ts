import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
import { Conv1d, ConvTranspose1d } from './conv.ts';

const next = numbers(3);
const [length, inChannels, outChannels, kernelSize] = [13, 4, 3, 5];
const x = next(length * inChannels);
/** [outer, kernelSize, inner]. */
const direction = next(outChannels * kernelSize * inChannels);
const magnitude = next(outChannels);
const bias = next(outChannels);

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN;

/** g · v / (‖v‖ + 1e-7), each row of `direction` being one v. */
function normalised(direction: Float32Array, magnitude: Float32Array): Float32Array {
  const size = direction.length / magnitude.length;
  return direction.map((value, index) => {
    const row = Math.floor(index / size);
    const norm = Math.hypot(...direction.subarray(row * size, (row + 1) * size));
    return (value / (norm + 1e-7)) * at(magnitude, row);
  });
}

function convolve(kernel: Float32Array, stride: number, padding: number, dilation: number): number[] {
  const outLength = Math.floor((length + 2 * padding - dilation * (kernelSize - 1) - 1) / stride) + 1;
  return Array.from({ length: outLength * outChannels }, (_, index) => {
    const [step, out] = [Math.floor(index / outChannels), index % outChannels];
    let sum = at(bias, out);
    for (let tap = 0; tap < kernelSize; tap += 1) {
      const position = step * stride + tap * dilation - padding;
      for (let channel = 0; channel < inChannels && position >= 0 && position < length; channel += 1) {
        const weight = at(kernel, (out * kernelSize + tap) * inChannels + channel);
        sum += at(x, position * inChannels + channel) * weight;
      }
    }
    return sum;
  });
}

for (const [stride, padding, dilation] of [
  [1, 2, 1],
  [1, 6, 3],
  [2, 1, 1],
] as const) {
  test(`a weight-normed convolution (stride ${stride}, padding ${padding}, dilation ${dilation}) is the sum over its taps`, () => {
    const make = () =>
      arrays({
        weight_v: { data: direction, shape: [outChannels, kernelSize, inChannels] },
        weight_g: { data: magnitude, shape: [outChannels, 1, 1] },
        bias: { data: bias, shape: [outChannels] },
      });
    withWeights(make, (weights) => {
      const conv = new Conv1d(weights, { inChannels, outChannels, kernelSize, stride, padding, dilation });
      const expected = convolve(normalised(direction, magnitude), stride, padding, dilation);
      assertClose(conv.forward(array(x, [1, length, inChannels])), expected);
    });
  });
}

test('a convolution with a plain weight uses it as it is', () => {
  const make = () =>
    arrays({
      weight: { data: direction, shape: [outChannels, kernelSize, inChannels] },
      bias: { data: bias, shape: [outChannels] },
    });
  withWeights(make, (weights) => {
    const conv = new Conv1d(weights, { inChannels, outChannels, kernelSize });
    assertClose(conv.forward(array(x, [1, length, inChannels])), convolve(direction, 1, 0, 1));
  });
});

test('a transposed convolution adds each step’s kernel at its place, normalised by input channel', () => {
  const [stride, padding] = [2, 1];
  const kernel = next(inChannels * kernelSize * outChannels);
  const inputMagnitude = next(inChannels);
  const weight = normalised(kernel, inputMagnitude);
  const outLength = (length - 1) * stride - 2 * padding + kernelSize;
  const expected = new Float64Array(outLength * outChannels).map((_, index) => at(bias, index % outChannels));
  for (let step = 0; step < length; step += 1) {
    for (let tap = 0; tap < kernelSize; tap += 1) {
      const position = step * stride + tap - padding;
      for (let out = 0; out < outChannels && position >= 0 && position < outLength; out += 1) {
        for (let channel = 0; channel < inChannels; channel += 1) {
          const value = at(weight, (channel * kernelSize + tap) * outChannels + out);
          expected[position * outChannels + out] =
            at(expected, position * outChannels + out) + at(x, step * inChannels + channel) * value;
        }
      }
    }
  }
  const make = () =>
    arrays({
      weight_v: { data: kernel, shape: [inChannels, kernelSize, outChannels] },
      weight_g: { data: inputMagnitude, shape: [inChannels, 1, 1] },
      bias: { data: bias, shape: [outChannels] },
    });
  withWeights(make, (weights) => {
    const conv = new ConvTranspose1d(weights, { inChannels, outChannels, kernelSize, stride, padding });
    const y = conv.forward(array(x, [1, length, inChannels]));
    assert.deepEqual(y.shape, [1, outLength, outChannels]);
    assertClose(y, expected);
  });
});
