import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolution, transposedConvolution } from '../../test/by-definition.ts';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
import { convFrom, convTransposeFrom } from './conv.ts';

const next = numbers(3);
const [length, inChannels, outChannels, kernelSize] = [13, 4, 3, 5];
const x = next(length * inChannels);
/** [outer, kernelSize, inner]. */
const direction = next(outChannels * kernelSize * inChannels);
const magnitude = next(outChannels);
const bias = next(outChannels);

/** g · v / (‖v‖ + 1e-7), each row of `direction` being one v. */
function normalized(direction: Float32Array, magnitude: Float32Array): Float32Array {
  const size = direction.length / magnitude.length;
  return direction.map((value, index) => {
    const row = Math.floor(index / size);
    const norm = Math.hypot(...direction.subarray(row * size, (row + 1) * size));
    return (value / (norm + 1e-7)) * at(magnitude, row);
  });
}

const shape = { inChannels, outChannels, kernelSize };
const withBias = (y: Float64Array): Float64Array =>
  y.map((value, index) => value + at(bias, index % outChannels));

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
      const strided = { ...shape, stride, padding, dilation };
      const expected = convolution(x, normalized(direction, magnitude), { length, ...strided });
      assertClose(convFrom(weights, strided).forward(array(x, [1, length, inChannels])), withBias(expected));
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
    const expected = withBias(convolution(x, direction, { length, ...shape }));
    assertClose(convFrom(weights, shape).forward(array(x, [1, length, inChannels])), expected);
  });
});

test('a transposed convolution adds each step’s kernel at its place, normalized by input channel', () => {
  const strided = { ...shape, stride: 2, padding: 1 };
  const kernel = next(inChannels * kernelSize * outChannels);
  const inputMagnitude = next(inChannels);
  const weight = normalized(kernel, inputMagnitude);
  // From [in, kernelSize, out] to [out, kernelSize, in].
  const outermost = weight.map((_, index) => {
    const [row, channel] = [Math.floor(index / inChannels), index % inChannels];
    const [out, tap] = [Math.floor(row / kernelSize), row % kernelSize];
    return at(weight, (channel * kernelSize + tap) * outChannels + out);
  });
  const expected = withBias(transposedConvolution(x, outermost, { length, ...strided }));
  const make = () =>
    arrays({
      weight_v: { data: kernel, shape: [inChannels, kernelSize, outChannels] },
      weight_g: { data: inputMagnitude, shape: [inChannels, 1, 1] },
      bias: { data: bias, shape: [outChannels] },
    });
  withWeights(make, (weights) => {
    const y = convTransposeFrom(weights, strided).forward(array(x, [1, length, inChannels]));
    assert.deepEqual(y.shape, [1, expected.length / outChannels, outChannels]);
    assertClose(y, expected);
  });
});
