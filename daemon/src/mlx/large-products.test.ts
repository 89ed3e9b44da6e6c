/** Products large enough to be shared among threads, against plain loops. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolution, product, transposed } from '../../test/by-definition.ts';
import { assertClose, at, numbers } from '../../test/numbers.ts';
import { array, astype, conv1d, linear, matmul, transpose } from './ops.ts';
import { scope } from './scope.ts';

const next = numbers(12);

for (const [m, n, k] of [
  [1000, 70, 130],
  [70, 1000, 130],
  [333, 401, 257],
] as const) {
  test(`a product of [${m}, ${k}] and [${k}, ${n}] is right, whichever operand is transposed`, () => {
    const [a, b] = [next(m * k), next(k * n)];
    const expected = product(a, b, [m, n, k]);
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
        linear(left, array(transposed(b, k, n), [n, k]), array(c)),
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
    const shape = { length, inChannels: 40, outChannels: 24, kernelSize: 7, stride, padding: 5, dilation };
    const { inChannels, outChannels, kernelSize } = shape;
    const [x, weight] = [next(length * inChannels), next(outChannels * kernelSize * inChannels)];
    const expected = convolution(x, weight, shape);
    scope(() => {
      const kernel = array(weight, [outChannels, kernelSize, inChannels]);
      const y = conv1d(array(x, [1, length, inChannels]), kernel, shape);
      assert.deepEqual(y.shape, [1, expected.length / outChannels, outChannels]);
      assertClose(y, expected);
    });
  });
}

for (const [kernelSize, dilation, padding, length] of [
  [3, 1, 1, 1203],
  [7, 3, 9, 800],
  [11, 5, 25, 500],
  [11, 1, 0, 801],
  [5, 1, 40, 700],
  [20, 2, 19, 400],
  [25, 1, 24, 300],
] as const) {
  test(`a convolution of ${length} steps of 64 channels with kernel ${kernelSize}, dilation ${dilation} and padding ${padding} is the sum over its taps`, () => {
    const shape = { batch: 2, length, inChannels: 64, outChannels: 80, kernelSize, padding, dilation };
    const [x, weight] = [next(2 * length * 64), next(80 * kernelSize * 64)];
    const expected = convolution(x, weight, shape);
    scope(() => {
      const kernel = array(weight, [80, kernelSize, 64]);
      const input = array(x, [2, length, 64]);
      assertClose(conv1d(input, kernel, shape), expected, 2e-6);
      const rounded = astype(kernel, 'bfloat16');
      const ofRounded = convolution(x, astype(rounded, 'float32').toFloat32Array(), shape);
      assertClose(conv1d(input, rounded, shape), ofRounded, 2e-6);
    });
  });
}

for (const outChannels of [80, 256]) {
  test(`a convolution of more channels than there is room for at a time is the sum over its taps, with ${outChannels} of them`, () => {
    const shape = { length: 1150, inChannels: 1024, outChannels, kernelSize: 3, padding: 1 };
    const [x, weight] = [next(shape.length * shape.inChannels), next(outChannels * 3 * shape.inChannels)];
    const expected = convolution(x, weight, shape);
    scope(() => {
      const kernel = array(weight, [outChannels, 3, shape.inChannels]);
      assertClose(conv1d(array(x, [1, shape.length, shape.inChannels]), kernel, shape), expected, 2e-6);
    });
  });
}
