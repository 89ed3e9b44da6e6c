/** Products large enough to be shared among threads, against plain loops. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose } from '../../test/close.ts';
import { numbers } from '../../test/numbers.ts';
import { addmm, array, conv1d, matmul, transpose } from './ops.ts';
import { scope } from './scope.ts';

const next = numbers(12);
const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN;

function product(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let row = 0; row < m; row += 1) {
    for (let inner = 0; inner < k; inner += 1) {
      const factor = at(a, row * k + inner);
      for (let column = 0; column < n; column += 1) {
        c[row * n + column] = at(c, row * n + column) + factor * at(b, inner * n + column);
      }
    }
  }
  return c;
}

const transposed = (x: Float32Array, rows: number, columns: number): Float32Array =>
  Float32Array.from({ length: x.length }, (_, index) =>
    at(x, (index % rows) * columns + Math.floor(index / rows)),
  );

for (const [m, n, k] of [
  [1000, 70, 130],
  [70, 1000, 130],
  [333, 401, 257],
] as const) {
  test(`a product of [${m}, ${k}] and [${k}, ${n}] is right, whichever operand is transposed`, () => {
    const [a, b] = [next(m * k), next(k * n)];
    const expected = product(a, b, m, n, k);
    scope(() => {
      const [left, right] = [array(a, [m, k]), array(b, [k, n])];
      const leftTransposed = transpose(array(transposed(a, m, k), [k, m]));
      const rightTransposed = transpose(array(transposed(b, k, n), [n, k]));
      assertClose(matmul(left, right), expected);
      assertClose(matmul(leftTransposed, right), expected);
      assertClose(matmul(left, rightTransposed), expected);
      assertClose(matmul(leftTransposed, rightTransposed), expected);
      const c = next(n);
      assertClose(
        addmm(array(c), left, right),
        expected.map((value, index) => value + at(c, index % n)),
      );
    });
  });
}

for (const [length, stride, dilation] of [
  [1500, 1, 1],
  [1501, 1, 3],
  [2999, 2, 1],
] as const) {
  test(`a convolution of ${length} steps with stride ${stride} and dilation ${dilation} is the sum over its taps`, () => {
    const [inChannels, outChannels, kernelSize, padding] = [40, 24, 7, 5];
    const [x, weight] = [next(length * inChannels), next(outChannels * kernelSize * inChannels)];
    const outLength = Math.floor((length + 2 * padding - dilation * (kernelSize - 1) - 1) / stride) + 1;
    const expected = new Float64Array(outLength * outChannels);
    for (let step = 0; step < outLength; step += 1) {
      for (let tap = 0; tap < kernelSize; tap += 1) {
        const position = step * stride + tap * dilation - padding;
        for (let out = 0; out < outChannels && position >= 0 && position < length; out += 1) {
          let sum = at(expected, step * outChannels + out);
          for (let channel = 0; channel < inChannels; channel += 1) {
            sum +=
              at(x, position * inChannels + channel) *
              at(weight, (out * kernelSize + tap) * inChannels + channel);
          }
          expected[step * outChannels + out] = sum;
        }
      }
    }
    scope(() => {
      const kernel = array(weight, [outChannels, kernelSize, inChannels]);
      const y = conv1d(array(x, [1, length, inChannels]), kernel, { stride, padding, dilation });
      assert.deepEqual(y.shape, [1, outLength, outChannels]);
      assertClose(y, expected);
    });
  });
}
