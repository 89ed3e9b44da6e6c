/** Products with packed weights, against the products with what those stand for. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, numbers } from '../../test/numbers.ts';
import { clearCache, memorySnapshot, resetPeak } from './memory.ts';
import { array, astype, blockedQuantizedMatmul, dequantize, matmul, quantize, transpose } from './ops.ts';
import { evaluate, scope } from './scope.ts';

const next = numbers(13);
const [outFeatures, inFeatures] = [75, 384];
const weight = next(outFeatures * inFeatures);

for (const bits of [2, 3, 4, 5, 6, 8]) {
  for (const groupSize of [32, 64, 128]) {
    test(`a product with ${bits} bits in groups of ${groupSize} is that with the expanded weight`, () => {
      for (const dtype of ['float32', 'bfloat16'] as const) {
        for (const rows of [1, 19]) {
          scope(() => {
            const options = { groupSize, bits };
            const { packed, scales, biases } = quantize(
              astype(array(weight, [outFeatures, inFeatures]), dtype),
              options,
            );
            const wide = [scales, biases].map((each) => astype(each, 'float32')) as [
              typeof scales,
              typeof biases,
            ];
            const x = array(next(rows * inFeatures), [1, rows, inFeatures]);
            const y = blockedQuantizedMatmul(x, packed, scales, biases, options);
            assert.deepEqual(y.shape, [1, rows, outFeatures]);
            const expanded = dequantize(packed, ...wide, options);
            assertClose(y, matmul(x, transpose(expanded)).toFloat32Array());
          });
        }
      }
    });
  }
}

test('a product with a packed weight does not expand the whole of it', () => {
  const options = { groupSize: 64, bits: 4 };
  const size = 2048;
  const packed = scope(() => quantize(array(next(size * size), [size, size]), options));
  const x = scope(() => array(next(size), [1, size]));
  evaluate(packed, x);
  clearCache();
  resetPeak();
  const before = memorySnapshot().activeBytes;
  const y = scope(() => blockedQuantizedMatmul(x, packed.packed, packed.scales, packed.biases, options));
  evaluate(y);
  const transient = memorySnapshot().peakBytes - before;
  // 32 rows for each of 8 threads at most, and the output: of 16.8 MB that the expanded weight would take.
  assert.ok(transient < 2_200_000, `${transient} bytes`);
  [x, y, packed.packed, packed.scales, packed.biases].forEach((tensor) => tensor.dispose());
});

test('a packed weight of other sizes than its scales say is refused', () => {
  scope(() => {
    const options = { groupSize: 64, bits: 4 };
    const { packed, scales, biases } = quantize(array(next(128 * 128), [128, 128]), options);
    const x = array(next(64), [1, 64]);
    assert.throws(() => blockedQuantizedMatmul(x, packed, scales, biases, options), /blockedQuantizedMatmul/);
    const wide = array(next(128), [1, 128]);
    assert.throws(
      () => blockedQuantizedMatmul(wide, packed, scales, biases, { groupSize: 32, bits: 4 }),
      /blockedQuantizedMatmul/,
    );
  });
});
