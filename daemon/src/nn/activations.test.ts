import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose } from '../../test/numbers.ts';
import { array, astype, sin, snake, transpose } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { gelu, leakyRelu } from './activations.ts';

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

test('snake is as exact far out, where its sine needs another way, and keeps what is not a number', () => {
  const xs = Float32Array.from({ length: 640 }, (_, index) => (index - 320) * 1.03 ** (index % 400));
  const rates = Float32Array.of(0.7, 1, 3, 30);
  const expected = Array.from(xs, (x, index) => {
    const rate = rates[index % 4] ?? NaN;
    return x + Math.sin(Math.fround(rate * x)) ** 2 / rate;
  });
  scope(() => {
    const y = snake(array(xs, [1, 160, 4]), array(rates, [1, 1, 4])).toFloat32Array();
    expected.forEach((value, index) => {
      assert.ok(Math.abs((y[index] ?? NaN) - value) <= 2 ** -22 * (1 + Math.abs(value)), `of ${xs[index]}`);
    });
    const broken = snake(array([1, NaN, Infinity, 2], [1, 1, 4]), array(rates, [1, 1, 4])).toFloat32Array();
    assert.deepEqual([...broken].map(Number.isNaN), [false, true, true, false]);
  });
});

test('the sine is within one rounding of exact, near 0, far out and beyond', () => {
  const angles = Float32Array.from(
    { length: 4096 },
    (_, index) => (index - 2048) * 0.37 * 1.01 ** (index % 1500),
  );
  const extremes = Float32Array.of(0, 1e-30, 1e9, -3e38, Math.PI);
  for (const x of [angles, extremes]) {
    scope(() => {
      const sines = sin(array(x)).toFloat32Array();
      x.forEach((angle, index) => {
        const exact = Math.sin(angle);
        assert.ok(
          Math.abs((sines[index] ?? NaN) - exact) <= 2 ** -24 * Math.abs(exact) + 4e-9,
          `sin ${angle}`,
        );
      });
    });
  }
  scope(() =>
    assert.ok(
      sin(array([NaN, Infinity]))
        .toFloat32Array()
        .every(Number.isNaN),
    ),
  );
});

test('the sine of a transposed or a bfloat16 tensor is that of its elements', () => {
  scope(() => {
    const x = array([1, 2, 3, 4, 5, 6], [2, 3]);
    assertClose(sin(transpose(x)), [1, 4, 2, 5, 3, 6].map(Math.sin), 1e-6);
    const narrow = sin(astype(x, 'bfloat16'));
    assert.equal(narrow.dtype, 'bfloat16');
    assertClose(astype(narrow, 'float32'), [1, 2, 3, 4, 5, 6].map(Math.sin), 0.01);
  });
});
