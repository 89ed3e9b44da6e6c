/** Operations against plain loops, and the dtype rules that the network's memory follows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as mx from './ops.ts';
import { seedRandom } from './ops.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

const list = (tensor: Tensor): number[] => [...tensor.toTypedArray()].map(Number);

function largestDifference(actual: Float32Array, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let largest = 0;
  for (const [index, value] of actual.entries()) {
    // A NaN must not hide behind a comparison that is false.
    assert.ok(Number.isFinite(value));
    largest = Math.max(largest, Math.abs(value - (expected[index] ?? Number.NaN)));
  }
  return largest;
}

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
    assert.ok(largestDifference(mx.real(spectrum).toFloat32Array(), [2.5, 0.5, 0.5]) < 1e-6);
    assert.ok(largestDifference(mx.imag(spectrum).toFloat32Array(), [0, 5, 0]) < 1e-6);
    assert.ok(largestDifference(mx.irfft(spectrum).toFloat32Array(), samples) < 1e-6);
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
  const [batch, length, inputs, outputs] = [2, 30, 5, 4];
  scope(() => {
    seedRandom(1);
    const x = mx.randomNormal([batch, length, inputs]);
    const samples = x.toFloat32Array();
    for (const [kernel, stride, padding, dilation] of convolutions) {
      const weight = mx.randomNormal([outputs, kernel, inputs]);
      const taps = weight.toFloat32Array();
      const y = mx.conv1d(x, weight, { stride, padding, dilation });
      const frames = y.dim(1);
      const expected: number[] = [];
      for (let item = 0; item < batch; item += 1) {
        for (let frame = 0; frame < frames; frame += 1) {
          for (let out = 0; out < outputs; out += 1) {
            let total = 0;
            for (let tap = 0; tap < kernel; tap += 1) {
              const row = frame * stride + tap * dilation - padding;
              for (let channel = 0; row >= 0 && row < length && channel < inputs; channel += 1) {
                total +=
                  (samples[(item * length + row) * inputs + channel] ?? 0) *
                  (taps[(out * kernel + tap) * inputs + channel] ?? 0);
              }
            }
            expected.push(total);
          }
        }
      }
      assert.ok(largestDifference(y.toFloat32Array(), expected) < 2e-5, `kernel ${kernel}, stride ${stride}`);
    }
  });
});

test('convTranspose1d equals its definition, kernels shorter than the stride and depthwise ones included', () => {
  const cases: readonly [kernel: number, stride: number, padding: number, groups: number][] = [
    [20, 10, 5, 1],
    [12, 6, 3, 1],
    [5, 2, 1, 1],
    [2, 3, 0, 1],
    [4, 1, 2, 1],
    [3, 2, 0, 6],
  ];
  const [length, channels] = [9, 6];
  scope(() => {
    seedRandom(2);
    const x = mx.randomNormal([1, length, channels]);
    const samples = x.toFloat32Array();
    for (const [kernel, stride, padding, groups] of cases) {
      const outputs = groups === 1 ? 4 : channels;
      const width = channels / groups;
      const weight = mx.randomNormal([outputs, kernel, width]);
      const taps = weight.toFloat32Array();
      const y = mx.convTranspose1d(x, weight, { stride, padding, groups });
      const frames = (length - 1) * stride - 2 * padding + kernel;
      assert.deepEqual(y.shape, [1, frames, outputs]);
      const expected = new Float64Array(frames * outputs);
      for (let row = 0; row < length; row += 1) {
        for (let tap = 0; tap < kernel; tap += 1) {
          const frame = row * stride + tap - padding;
          if (frame < 0 || frame >= frames) {
            continue;
          }
          for (let out = 0; out < outputs; out += 1) {
            for (let channel = 0; channel < width; channel += 1) {
              const source = groups === 1 ? channel : out;
              const index = frame * outputs + out;
              expected[index] =
                (expected[index] ?? 0) +
                (samples[row * channels + source] ?? 0) * (taps[(out * kernel + tap) * width + channel] ?? 0);
            }
          }
        }
      }
      assert.ok(largestDifference(y.toFloat32Array(), expected) < 2e-5, `kernel ${kernel}, stride ${stride}`);
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

function referenceLstm(
  steps: readonly Float32Array[],
  inputWeight: Float32Array,
  hiddenWeight: Float32Array,
  bias: Float32Array,
  hidden: number,
): number[][] {
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
  let state = new Array<number>(hidden).fill(0);
  let cell = new Array<number>(hidden).fill(0);
  return steps.map((step) => {
    const gates = Array.from({ length: 4 * hidden }, (_, row) => {
      let total = bias[row] ?? 0;
      step.forEach((value, column) => (total += value * (inputWeight[row * step.length + column] ?? 0)));
      state.forEach((value, column) => (total += value * (hiddenWeight[row * hidden + column] ?? 0)));
      return total;
    });
    const gate = (part: number, unit: number): number => gates[part * hidden + unit] ?? 0;
    cell = cell.map(
      (value, unit) => sigmoid(gate(1, unit)) * value + sigmoid(gate(0, unit)) * Math.tanh(gate(2, unit)),
    );
    state = cell.map((value, unit) => sigmoid(gate(3, unit)) * Math.tanh(value));
    return state;
  });
}

test('lstm runs both directions as the recurrence says, in float32 whatever the weights are', () => {
  const [length, inputs, hidden] = [7, 3, 4];
  scope(() => {
    seedRandom(3);
    const x = mx.randomNormal([1, length, inputs]);
    const direction = () => ({
      inputWeight: mx.randomNormal([4 * hidden, inputs]),
      hiddenWeight: mx.randomNormal([4 * hidden, hidden]),
      inputBias: mx.randomNormal([4 * hidden]),
      hiddenBias: mx.randomNormal([4 * hidden]),
    });
    const [forward, backward] = [direction(), direction()];
    const y = mx.lstm(x, forward, backward);
    assert.deepEqual(y.shape, [1, length, 2 * hidden]);

    const samples = x.toFloat32Array();
    const steps = Array.from({ length }, (_, step) => samples.subarray(step * inputs, (step + 1) * inputs));
    const run = (weights: typeof forward, sequence: Float32Array[]) =>
      referenceLstm(
        sequence,
        weights.inputWeight.toFloat32Array(),
        weights.hiddenWeight.toFloat32Array(),
        mx.add(weights.inputBias, weights.hiddenBias).toFloat32Array(),
        hidden,
      );
    const forwards = run(forward, steps);
    const backwards = run(backward, steps.toReversed()).toReversed();
    const expected = forwards.flatMap((state, step) => [...state, ...(backwards[step] ?? [])]);
    assert.ok(largestDifference(y.toFloat32Array(), expected) < 1e-5);

    const half = (weights: typeof forward) => ({
      inputWeight: mx.astype(weights.inputWeight, 'bfloat16'),
      hiddenWeight: mx.astype(weights.hiddenWeight, 'bfloat16'),
      inputBias: mx.astype(weights.inputBias, 'bfloat16'),
      hiddenBias: mx.astype(weights.hiddenBias, 'bfloat16'),
    });
    assert.equal(mx.lstm(mx.astype(x, 'bfloat16'), half(forward), half(backward)).dtype, 'float32');
    assert.throws(
      () => mx.lstm(x, { ...forward, inputWeight: backward.hiddenWeight }, backward),
      /lstm: the weights/,
    );
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
      const step = Math.max(...list(mx.abs(scales)));
      // The extreme of a group is kept exactly, which can cost the others up to a whole step.
      assert.ok(largestDifference(dense.toFloat32Array(), weight.toFloat32Array()) <= step);
      const product = mx.quantizedMatmul(x, packed, scales, biases, options);
      assert.ok(
        largestDifference(product.toFloat32Array(), mx.matmul(x, mx.transpose(dense)).toFloat32Array()) <
          1e-3,
      );
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
