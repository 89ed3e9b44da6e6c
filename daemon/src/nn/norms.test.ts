import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
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
