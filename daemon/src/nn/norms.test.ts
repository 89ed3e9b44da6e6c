import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { add, array, astype, divide, moments, multiply, sqrt, square, sum, weightNorm } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { adaptiveInstanceNormFrom, layerNormFrom } from './norms.ts';

const [rows, width, epsilon] = [3, 8, 1e-5];
const next = numbers(5);
const [x, weight, bias] = [next(rows * width), next(width), next(width)];

/** Mean 0 and variance 1. */
function standardized(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(variance + epsilon));
}

const expected = Array.from({ length: rows }, (_, index) =>
  standardized([...x.subarray(index * width, (index + 1) * width)]).map(
    (value, column) => value * at(weight, column) + at(bias, column),
  ),
).flat();

for (const [weightName, biasName] of [
  ['weight', 'bias'],
  ['gamma', 'beta'],
] as const) {
  test(`a layer norm with ${weightName} and ${biasName} normalizes each row, then scales and shifts it`, () => {
    const make = () =>
      arrays({ [weightName]: { data: weight, shape: [width] }, [biasName]: { data: bias, shape: [width] } });
    withWeights(make, (weights) => {
      assertClose(layerNormFrom(weights, width, epsilon).forward(array(x, [1, rows, width])), expected);
    });
  });
}

const [length, channels, styleSize] = [11, 3, 4];
const [style, affineWeight, affineBias] = [
  next(styleSize),
  next(2 * channels * styleSize),
  next(2 * channels),
];

/** What the style says of one row of the affine map: a γ or a β. */
const affine = (row: number): number =>
  style.reduce(
    (sum, value, column) => sum + value * at(affineWeight, row * styleSize + column),
    at(affineBias, row),
  );

function normalize(x: ArrayLike<number>): number[] {
  const columns = Array.from({ length: channels }, (_, channel) => {
    const values = Array.from({ length }, (_unused, step) => at(x, step * channels + channel));
    return standardized(values).map((value) => (1 + affine(channel)) * value + affine(channels + channel));
  });
  return Array.from({ length: length * channels }, (_, index) =>
    at(columns[index % channels] ?? [], Math.floor(index / channels)),
  );
}

for (const [what, x, tolerance] of [
  ['channels around 0', next(length * channels), 1e-5],
  ['channels far from 0', next(length * channels).map((value) => value + 100), 1e-4],
  ['constant channels', new Float32Array(length * channels).fill(2), 1e-4],
] as const) {
  test(`each channel is normalized over time, then scaled and shifted by the style (${what})`, () => {
    const make = () =>
      arrays({
        'fc.weight': { data: affineWeight, shape: [2 * channels, styleSize] },
        'fc.bias': { data: affineBias, shape: [2 * channels] },
      });
    withWeights(make, (weights) => {
      const norm = adaptiveInstanceNormFrom(weights, styleSize, channels);
      const y = norm.forward(array(x, [1, length, channels]), array(style, [1, styleSize]));
      assertClose(y, normalize(x), tolerance);
    });
  });
}

test('the moments of many steps hold about means that are far from zero, for each item of a batch', () => {
  const [batch, steps, width] = [2, 1700, 5];
  const values = next(batch * steps * width).map((value, index) => value + 100 * (index % width));
  const column = (item: number, channel: number): number[] =>
    Array.from({ length: steps }, (_, step) => at(values, (item * steps + step) * width + channel));
  const average = (numbers: readonly number[]): number =>
    numbers.reduce((total, value) => total + value, 0) / numbers.length;
  const columns = Array.from({ length: batch * width }, (_, index) =>
    column(Math.floor(index / width), index % width),
  );
  scope(() => {
    const { mean, variance } = moments(array(values, [batch, steps, width]));
    assert.deepEqual(
      [mean.shape, variance.shape],
      [
        [batch, 1, width],
        [batch, 1, width],
      ],
    );
    assertClose(mean, columns.map(average), 3e-7);
    assertClose(
      variance,
      columns.map((numbers) => {
        const center = average(numbers);
        return average(numbers.map((value) => (value - center) ** 2));
      }),
      1e-6,
    );
  });
});

for (const dtype of ['float32', 'bfloat16'] as const) {
  test(`weight norm in ${dtype} rounds as MLX's own operations do, step by step`, () => {
    for (const shape of [
      [7, 3, 1],
      [40, 11, 24],
    ] as const) {
      const [outer, a, b] = shape;
      scope(() => {
        const direction = astype(array(next(outer * a * b), shape), dtype);
        const magnitude = astype(array(next(outer), [outer, 1, 1]), dtype);
        const length = sqrt(sum(square(direction), { axes: [1, 2], keepDims: true }));
        const expected = multiply(divide(direction, add(length, 1e-7)), magnitude);
        const normed = weightNorm(direction, magnitude);
        assert.deepEqual([normed.dtype, normed.shape], [dtype, [...shape]]);
        const tolerance = dtype === 'float32' ? 3e-7 : 0;
        assertClose(astype(normed, 'float32'), astype(expected, 'float32').toFloat32Array(), tolerance);
      });
    }
  });
}
