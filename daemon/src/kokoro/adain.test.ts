import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
import { AdaptiveInstanceNorm } from './adain.ts';

const [length, channels, styleSize] = [11, 3, 4];
const next = numbers(6);
const [style, weight, bias] = [next(styleSize), next(2 * channels * styleSize), next(2 * channels)];
const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN;

/** What the style says of one row of the affine map: a γ or a β. */
const affine = (row: number): number =>
  style.reduce((sum, value, column) => sum + value * at(weight, row * styleSize + column), at(bias, row));

function normalise(x: ArrayLike<number>): number[] {
  const column = (channel: number): number[] =>
    Array.from({ length }, (_, step) => at(x, step * channels + channel));
  const columns = Array.from({ length: channels }, (_, channel) => {
    const values = column(channel);
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    const scaled = (value: number): number => (value - mean) / Math.sqrt(variance + 1e-5);
    return values.map((value) => (1 + affine(channel)) * scaled(value) + affine(channels + channel));
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
  test(`each channel is normalised over time, then scaled and shifted by the style (${what})`, () => {
    const make = () =>
      arrays({
        'fc.weight': { data: weight, shape: [2 * channels, styleSize] },
        'fc.bias': { data: bias, shape: [2 * channels] },
      });
    withWeights(make, (weights) => {
      const norm = new AdaptiveInstanceNorm(weights, styleSize, channels);
      const y = norm.forward(array(x, [1, length, channels]), array(style, [1, styleSize]));
      assertClose(y, normalise(x), tolerance);
    });
  });
}
