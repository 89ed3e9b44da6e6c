import { test } from 'node:test';
import { assertClose } from '../../test/close.ts';
import { array } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { gelu, leakyRelu, snake } from './activations.ts';

const values = [-3, -1, -0.25, 0, 0.5, 2];

test('GELU is exact: published values of x Φ(x)', () => {
  // Φ from tables of the normal distribution.
  const distribution = [
    0.0013498980316301, 0.158655253931457, 0.401293674317076, 0.5, 0.691462461274013, 0.977249868051821,
  ];
  scope(() =>
    assertClose(
      gelu(array(values)),
      values.map((x, index) => x * (distribution[index] ?? NaN)),
      1e-6,
    ),
  );
});

test('a leaky ReLU scales what is negative', () => {
  scope(() =>
    assertClose(
      leakyRelu(array(values), 0.2),
      values.map((x) => (x > 0 ? x : 0.2 * x)),
    ),
  );
});

test('snake adds a squared sine of its own rate for each channel', () => {
  const rates = [0.5, 2];
  const expected = values.map((x, index) => {
    const rate = rates[index % 2] ?? NaN;
    return x + Math.sin(rate * x) ** 2 / rate;
  });
  scope(() => assertClose(snake(array(values, [1, 3, 2]), array(rates, [1, 1, 2])), expected));
});
