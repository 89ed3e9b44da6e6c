import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withWeights } from '../../test/checkpoint-of.ts';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { array, dequantize, quantize, take } from '../mlx/ops.ts';
import { embeddingFrom } from './embedding.ts';

const [count, width] = [6, 64];
const table = numbers(2)(count * width);
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
