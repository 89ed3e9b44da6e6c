import assert from 'node:assert/strict';
import { test } from 'node:test';
import { product, transposed } from '../../test/by-definition.ts';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array, astype, dequantize, quantize, take } from '../mlx/ops.ts';
import { scope } from '../mlx/scope.ts';
import { embeddingFrom, linearFrom } from './linear.ts';

const [rows, inFeatures, outFeatures] = [3, 64, 5];

const next = numbers(1);
const x = next(rows * inFeatures);
const weight = next(outFeatures * inFeatures);
const bias = next(outFeatures);

/** x Wᵀ + b. */
const linear = (weight: Float32Array): Float64Array =>
  product(x, transposed(weight, outFeatures, inFeatures), [rows, outFeatures, inFeatures]).map(
    (value, index) => value + at(bias, index % outFeatures),
  );

test('a linear layer is x Wᵀ + b', () => {
  const make = () =>
    arrays({
      weight: { data: weight, shape: [outFeatures, inFeatures] },
      bias: { data: bias, shape: [outFeatures] },
    });
  withWeights(make, (weights) => {
    const layer = linearFrom(weights, inFeatures, outFeatures);
    const y = layer.forward(array(x, [1, rows, inFeatures]));
    assert.deepEqual(y.shape, [1, rows, outFeatures]);
    assertClose(y, linear(weight));
  });
});

test('a linear layer in bfloat16 sums in float32, and rounds once', () => {
  const rounded = (numbers: Float32Array): Float32Array =>
    scope(() => astype(astype(array(numbers), 'bfloat16'), 'float32').toFloat32Array());
  const [features, outs] = [72, 101];
  const [xs, ws, bs] = [rounded(next(rows * features)), rounded(next(outs * features)), rounded(next(outs))];
  const exact = product(xs, transposed(ws, outs, features), [rows, outs, features]).map(
    (value, index) => value + at(bs, index % outs),
  );
  const make = () => ({
    weight: astype(array(ws, [outs, features]), 'bfloat16'),
    bias: astype(array(bs), 'bfloat16'),
  });
  withWeights(make, (weights) => {
    const y = linearFrom(weights, features, outs).forward(astype(array(xs, [1, rows, features]), 'bfloat16'));
    assert.equal(y.dtype, 'bfloat16');
    const result = astype(y, 'float32').toFloat32Array();
    exact.forEach((value, index) => {
      assert.ok(Math.abs(at(result, index) - value) <= 2 ** -8 * Math.abs(value) + 1e-6, `of ${index}`);
    });
  });
});

for (const bits of [8, 6, 4]) {
  test(`a linear layer with scales multiplies by what its ${bits} bits stand for`, () => {
    const options = { groupSize: 32, bits };
    const make = () => {
      const { packed, scales, biases } = quantize(array(weight, [outFeatures, inFeatures]), options);
      return { weight: packed, scales, biases, bias: array(bias) };
    };
    withWeights(
      make,
      (weights) => {
        const layer = linearFrom(weights, inFeatures, outFeatures);
        const { weight: packed, scales, biases } = make();
        const expanded = dequantize(packed, scales, biases, options).toFloat32Array();
        assertClose(layer.forward(array(x, [rows, inFeatures])), linear(expanded), 1e-4);
      },
      { quantizationAt: () => options },
    );
  });
}

test('a linear layer takes the wider dtype of its input and its weights', () => {
  const make = () => ({
    weight: astype(array(weight, [outFeatures, inFeatures]), 'bfloat16'),
    bias: astype(array(bias), 'bfloat16'),
  });
  withWeights(make, (weights) => {
    const layer = linearFrom(weights, inFeatures, outFeatures);
    const input = array(x, [rows, inFeatures]);
    assert.equal(layer.forward(input).dtype, 'float32');
    assert.equal(layer.forward(astype(input, 'bfloat16')).dtype, 'bfloat16');
  });
});

const [count, width] = [6, 64];
const table = next(count * width);
const row = (index: number): Float32Array => table.subarray(index * width, (index + 1) * width);

test('an embedding gives the rows of its indices', () => {
  withWeights(
    () => ({ weight: array(table, [count, width]) }),
    (weights) => {
      const rows = embeddingFrom(weights, count, width).forward(array([4, 0, 4], [1, 3], 'int32'));
      assert.deepEqual(rows.shape, [1, 3, width]);
      assertClose(rows, [...row(4), ...row(0), ...row(4)], 0);
    },
  );
});

test('a quantized embedding gives the rows that its packed ones stand for', () => {
  const options = { groupSize: 64, bits: 4 };
  const make = () => {
    const { packed, scales, biases } = quantize(array(table, [count, width]), options);
    return { weight: packed, scales, biases };
  };
  withWeights(
    make,
    (weights) => {
      const indices = array([4, 0, 4], [1, 3], 'int32');
      const { weight, scales, biases } = make();
      const expanded = take(dequantize(weight, scales, biases, options), indices, 0);
      assertClose(embeddingFrom(weights, count, width).forward(indices), expanded.toFloat32Array(), 0);
    },
    { quantizationAt: () => options },
  );
});
