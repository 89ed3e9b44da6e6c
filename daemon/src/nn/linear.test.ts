import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrays, withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array, astype, dequantize, quantize } from '../mlx/ops.ts';
import { linearFrom, Linear, QuantizedLinear } from './linear.ts';

const [rows, inFeatures, outFeatures] = [3, 64, 5];

function product(x: Float32Array, weight: Float32Array, bias: Float32Array): number[] {
  return Array.from({ length: rows * outFeatures }, (_, index) => {
    const [row, out] = [Math.floor(index / outFeatures), index % outFeatures];
    let sum = bias[out] ?? NaN;
    for (let column = 0; column < inFeatures; column += 1) {
      sum += (x[row * inFeatures + column] ?? NaN) * (weight[out * inFeatures + column] ?? NaN);
    }
    return sum;
  });
}

const next = numbers(1);
const x = next(rows * inFeatures);
const weight = next(outFeatures * inFeatures);
const bias = next(outFeatures);

test('a linear layer is x Wᵀ + b', () => {
  const make = () =>
    arrays({
      weight: { data: weight, shape: [outFeatures, inFeatures] },
      bias: { data: bias, shape: [outFeatures] },
    });
  withWeights(make, (weights) => {
    const layer = linearFrom(weights, inFeatures, outFeatures);
    assert.ok(layer instanceof Linear);
    const y = layer.forward(array(x, [1, rows, inFeatures]));
    assert.deepEqual(y.shape, [1, rows, outFeatures]);
    assertClose(y, product(x, weight, bias));
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
        assert.ok(layer instanceof QuantizedLinear);
        const { weight: packed, scales, biases } = make();
        const expanded = dequantize(packed, scales, biases, options).toFloat32Array();
        assertClose(layer.forward(array(x, [rows, inFeatures])), product(x, expanded, bias), 1e-4);
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
