import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array } from '../mlx/ops.ts';
import { LayerNorm } from './layer-norm.ts';

const [rows, width, epsilon] = [3, 8, 1e-5];
const next = numbers(5);
const [x, weight, bias] = [next(rows * width), next(width), next(width)];

const expected = Array.from({ length: rows }, (_, index) => {
  const row = x.subarray(index * width, (index + 1) * width);
  const mean = row.reduce((sum, value) => sum + value, 0) / width;
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
  return [...row].map(
    (value, column) =>
      ((value - mean) / Math.sqrt(variance + epsilon)) * (weight[column] ?? NaN) + (bias[column] ?? NaN),
  );
}).flat();

for (const [weightName, biasName] of [
  ['weight', 'bias'],
  ['gamma', 'beta'],
] as const) {
  test(`a layer norm with ${weightName} and ${biasName} normalises each row, then scales and shifts it`, () => {
    const make = () =>
      arrays({ [weightName]: { data: weight, shape: [width] }, [biasName]: { data: bias, shape: [width] } });
    withWeights(make, (weights) => {
      assertClose(new LayerNorm(weights, width, epsilon).forward(array(x, [1, rows, width])), expected);
    });
  });
}
