/** Operations against plain loops, and the dtype rules that the network's memory follows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolution, transposedConvolution } from '../../test/by-definition.ts';
import { assertClose } from '../../test/numbers.ts';
import * as mx from './ops.ts';
import { seedRandom } from './ops.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

const list = (tensor: Tensor): number[] => [...tensor.toTypedArray()].map(Number);

test('numbers are weakly typed: they keep the dtype of the tensor beside them', () => {
  scope(() => {
    assert.equal(mx.multiply(mx.full([2], 1, 'bfloat16'), 0.2).dtype, 'bfloat16');
    assert.equal(mx.add(1, mx.full([2], 1, 'float16')).dtype, 'float16');
    assert.equal(mx.add(mx.full([2], 1, 'int32'), 1).dtype, 'int32');
    assert.equal(mx.add(mx.full([2], 1, 'int32'), 0.5).dtype, 'float32');
    assert.equal(mx.add(mx.full([2], 1, 'bool'), 1).dtype, 'int32');
    assert.equal(mx.add(mx.full([1], 1, 'bfloat16'), mx.full([1], 1)).dtype, 'float32');
  });
});

test('slices follow Python: negative bounds count from the end', () => {
  scope(() => {
    const x = mx.arange(6);
    assert.deepEqual(list(mx.slice(x, 0, 1, -1)), [1, 2, 3, 4]);
    assert.deepEqual(list(mx.slice(x, 0, -2)), [4, 5]);
    assert.throws(() => mx.slice(x, 1, 0), /slice: axis 1 is out of range/);
  });
});

test('round takes ties to even, remainder the sign of the divisor, nanToNum its stand-ins', () => {
  scope(() => {
    assert.deepEqual(list(mx.round(mx.array([0.5, 1.5, 2.5, -0.5]))), [0, 2, 2, -0]);
    assert.deepEqual(list(mx.remainder(mx.array([-0.25, 1.25]), 1)), [0.75, 0.25]);
    assert.deepEqual(list(mx.nanToNum(mx.array([Number.NaN, Infinity, -Infinity]), 1, 100, 2)), [1, 100, 2]);
  });
});

test('complex numbers, and the real FFT with its inverse, agree with the definition', () => {
  scope(() => {
    const z = mx.complex(mx.array([3]), mx.array([-4]));
    assert.equal(z.dtype, 'complex64');
    assert.deepEqual([list(mx.real(z)), list(mx.imag(z)), list(mx.abs(z))], [[3], [-4], [5]]);

    const samples = [1, -2, 0.5, 3];
    const spectrum = mx.rfft(mx.array(samples));
    // X[1] = x0 - x2 - i (x1 - x3).
    assertClose(mx.real(spectrum), [2.5, 0.5, 0.5], 2e-7);
    assertClose(mx.imag(spectrum), [0, 5, 0], 2e-7);
    assertClose(mx.irfft(spectrum), samples, 2e-7);
  });
});

const convolutions: readonly [kernel: number, stride: number, padding: number, dilation: number][] = [
  [1, 1, 0, 1],
  [3, 1, 1, 1],
  [7, 1, 9, 3],
  [11, 1, 25, 5],
  [3, 1, 5, 1],
  [5, 2, 2, 1],
  [12, 6, 3, 1],
  [3, 2, 2, 2],
  [30, 1, 0, 1],
];

test('conv1d equals its definition for every kernel, stride, padding and dilation', () => {
  const [batch, length, inChannels, outChannels] = [2, 30, 5, 4];
  scope(() => {
    seedRandom(1);
    const x = mx.randomNormal([batch, length, inChannels]);
    for (const [kernelSize, stride, padding, dilation] of convolutions) {
      const weight = mx.randomNormal([outChannels, kernelSize, inChannels]);
      const shape = { batch, length, inChannels, outChannels, kernelSize, stride, padding, dilation };
      const expected = convolution(x.toFloat32Array(), weight.toFloat32Array(), shape);
      const y = mx.conv1d(x, weight, { stride, padding, dilation });
      assertClose(y, expected, 5e-7, `kernel ${kernelSize}, stride ${stride}`);
    }
  });
});

test('convTranspose1d equals its definition, kernels shorter than the stride and depthwise ones included', () => {
  const cases: readonly [kernelSize: number, stride: number, padding: number, groups: number][] = [
    [20, 10, 5, 1],
    [12, 6, 3, 1],
    [5, 2, 1, 1],
    [2, 3, 0, 1],
    [4, 1, 2, 1],
    [3, 2, 0, 6],
  ];
  const [length, inChannels] = [9, 6];
  scope(() => {
    seedRandom(2);
    const x = mx.randomNormal([1, length, inChannels]);
    for (const [kernelSize, stride, padding, groups] of cases) {
      const outChannels = groups === 1 ? 4 : inChannels;
      const weight = mx.randomNormal([outChannels, kernelSize, inChannels / groups]);
      const shape = { length, inChannels, outChannels, kernelSize, stride, padding, depthwise: groups > 1 };
      const expected = transposedConvolution(x.toFloat32Array(), weight.toFloat32Array(), shape);
      const y = mx.convTranspose1d(x, weight, { stride, padding, groups });
      assert.deepEqual(y.shape, [1, expected.length / outChannels, outChannels]);
      assertClose(y, expected, 5e-7, `kernel ${kernelSize}, stride ${stride}`);
    }
  });
});

test('convolutions keep bfloat16 where both operands are, and promote where one is float32', () => {
  scope(() => {
    const x = mx.full([1, 8, 2], 1, 'bfloat16');
    const weight = mx.full([3, 3, 2], 1, 'bfloat16');
    const y = mx.conv1d(x, weight, { padding: 1 });
    assert.equal(y.dtype, 'bfloat16');
    assert.deepEqual(list(mx.astype(y, 'float32')).slice(0, 4), [4, 4, 4, 6]);
    assert.equal(mx.conv1d(mx.astype(x, 'float32'), weight).dtype, 'float32');
    assert.equal(mx.convTranspose1d(x, weight).dtype, 'bfloat16');
  });
});

test('lstm refuses weights of other shapes than its input has', () => {
  scope(() => {
    const direction = {
      inputWeight: mx.zeros([16, 3]),
      hiddenWeight: mx.zeros([16, 4]),
      inputBias: mx.zeros([16]),
      hiddenBias: mx.zeros([16]),
    };
    const wrong = { ...direction, inputWeight: direction.hiddenWeight };
    assert.throws(() => mx.lstm(mx.zeros([1, 7, 3]), wrong, direction), /lstm: the weights/);
  });
});

test('quantize, dequantize and quantizedMatmul agree within the step of their groups', () => {
  scope(() => {
    seedRandom(4);
    const weight = mx.randomNormal([32, 128]);
    const x = mx.randomNormal([3, 128]);
    for (const bits of [4, 6, 8]) {
      const options = { groupSize: 64, bits };
      const { packed, scales, biases } = mx.quantize(weight, options);
      assert.deepEqual([packed.shape, packed.dtype], [[32, (128 * bits) / 32], 'uint32']);
      assert.deepEqual(
        [scales.shape, biases.shape],
        [
          [32, 2],
          [32, 2],
        ],
      );
      const dense = mx.dequantize(packed, scales, biases, options);
      const largest = (x: Tensor): number => Math.max(...list(mx.abs(x)));
      // The extreme of a group is kept exactly, which can cost the others up to a whole step.
      assert.ok(largest(mx.subtract(dense, weight)) <= largest(scales));
      const product = mx.quantizedMatmul(x, packed, scales, biases, options);
      assert.ok(largest(mx.subtract(product, mx.matmul(x, mx.transpose(dense)))) < 1e-3);
    }
  });
});

test('a seed repeats its noise', () => {
  scope(() => {
    seedRandom(42);
    const first = list(mx.randomNormal([8]));
    const second = list(mx.randomNormal([8]));
    seedRandom(42);
    assert.deepEqual(list(mx.randomNormal([8])), first);
    assert.notDeepEqual(first, second);
    assert.throws(() => seedRandom(-1), /seed: expected a non-negative integer/);
  });
});
