/** The lean strategy's convolutions: by their definition, in whatever they store, and in the buffer of the residual. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convolution, transposedConvolution } from '../../test/by-definition.ts';
import { at, numbers } from '../../test/numbers.ts';
import { describeDevice } from './device.ts';
import { clearCache, memorySnapshot, resetPeak, synchronize } from './memory.ts';
import { array, astype, leanConv1d, leanConvTranspose1d, transpose } from './ops.ts';
import { evaluate, evaluateInOrder, keep, scope } from './scope.ts';
import type { DType, Tensor } from './tensor.ts';

interface Case {
  readonly length: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: number;
  readonly padding: number;
  readonly dilation: number;
  readonly activation: 'none' | 'leaky' | 'snake';
  readonly isNormed: boolean;
  readonly hasResidual: boolean;
}

const plain = {
  kernelSize: 3,
  padding: 1,
  dilation: 1,
  activation: 'none',
  isNormed: false,
  hasResidual: false,
} as const;
const cases: readonly Case[] = [
  // More than a tile for each thread, and a last tile that is not whole.
  {
    ...plain,
    length: 1101,
    inChannels: 96,
    outChannels: 96,
    kernelSize: 5,
    padding: 10,
    dilation: 5,
    activation: 'snake',
    isNormed: true,
    hasResidual: true,
  },
  {
    ...plain,
    length: 1500,
    inChannels: 24,
    outChannels: 7,
    padding: 1,
    activation: 'leaky',
    hasResidual: true,
  },
  // Padding beyond the input and beyond a tile, an even kernel, a length of one.
  {
    ...plain,
    length: 5,
    inChannels: 200,
    outChannels: 200,
    padding: 120,
    hasResidual: true,
  },
  {
    ...plain,
    length: 2,
    inChannels: 3,
    outChannels: 5,
    kernelSize: 4,
    padding: 9,
    dilation: 2,
    activation: 'snake',
    isNormed: true,
  },
  {
    ...plain,
    length: 1,
    inChannels: 4,
    outChannels: 4,
    activation: 'leaky',
    isNormed: true,
    hasResidual: true,
  },
  { ...plain, length: 33, inChannels: 2, outChannels: 3, kernelSize: 1, padding: 0 },
];

/** There MLX's operations do it, which store what is convolved in the dtype of the result. */
const isGpu = describeDevice().type === 'gpu';

const slopeOf = ({ activation }: Case): number => (activation === 'leaky' ? 0.1 : 1);

/** What the convolution reads: each channel normalized over time, scaled, shifted and activated, in double precision. */
function activated(each: Case, x: Float32Array, style: Float32Array, alpha: Float32Array): Float64Array {
  const { length, inChannels, activation, isNormed } = each;
  const read = Float64Array.from(x);
  for (let channel = 0; channel < inChannels; channel += 1) {
    const steps = Array.from({ length }, (_, step) => at(x, step * inChannels + channel));
    const mean = steps.reduce((sum, value) => sum + value, 0) / length;
    const variance = steps.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    const [gamma, beta, rate] = [at(style, channel), at(style, inChannels + channel), at(alpha, channel)];
    steps.forEach((value, step) => {
      const normed = isNormed ? ((1 + gamma) * (value - mean)) / Math.sqrt(variance + 1e-5) + beta : value;
      read[step * inChannels + channel] =
        activation === 'snake'
          ? normed + Math.sin(rate * normed) ** 2 / rate
          : normed > 0
            ? normed
            : slopeOf(each) * normed;
    });
  }
  return read;
}

function assertNear(actual: Tensor, expected: ArrayLike<number>, tolerance: number, what: string): void {
  const values = astype(actual, 'float32').toFloat32Array();
  assert.equal(values.length, expected.length, what);
  const largest = values.reduce(
    (most, value, index) =>
      Math.max(most, Math.abs(value - at(expected, index)) / (1 + Math.abs(at(expected, index)))),
    0,
  );
  assert.ok(largest <= tolerance, `${what}: off by ${largest}`);
}

for (const dtype of ['float32', 'bfloat16', 'float16'] as const) {
  test(`norm, activation, convolution, bias and residual are each what they are alone, in ${dtype}`, () => {
    for (const each of cases) {
      const {
        length,
        inChannels,
        outChannels,
        kernelSize,
        padding,
        dilation,
        activation,
        isNormed,
        hasResidual,
      } = each;
      const next = numbers(length);
      const outLength = length + 2 * padding - dilation * (kernelSize - 1);
      scope(() => {
        // As they are stored: what is lost there is not the operation's.
        const typed = (count: number, shape: number[], spread = 1): [Tensor, Float32Array] => {
          const tensor = astype(
            array(
              next(count).map((value) => spread * value),
              shape,
            ),
            dtype,
          );
          return [tensor, astype(tensor, 'float32').toFloat32Array()];
        };
        // Its channels are not around zero, so that a variance by differences of large sums would be off.
        const [x, xs] = typed(length * inChannels, [1, length, inChannels], 3);
        const [weight, kernel] = typed(
          outChannels * kernelSize * inChannels,
          [outChannels, kernelSize, inChannels],
          0.2,
        );
        const [bias, biases] = typed(outChannels, [outChannels]);
        const [style, styles] = typed(2 * inChannels, [1, 2 * inChannels]);
        const rates = next(inChannels).map((value) => 1 + Math.abs(value));
        const [residual, residuals] = typed(outLength * outChannels, [1, outLength, outChannels]);
        const y = leanConv1d(
          x,
          { weight, bias },
          {
            ...(hasResidual ? { residual } : {}),
            ...(isNormed ? { style } : {}),
            ...(activation === 'snake' ? { alpha: array(rates, [1, inChannels, 1]) } : {}),
            slope: slopeOf(each),
            padding,
            dilation,
            dtype,
          },
        );
        assert.deepEqual(y.shape, [1, outLength, outChannels]);
        assert.equal(y.dtype, dtype);
        const expected = convolution(activated(each, xs, styles, rates), kernel, each).map(
          (value, index) =>
            value + at(biases, index % outChannels) + (hasResidual ? at(residuals, index) : 0),
        );
        assertNear(
          y,
          expected,
          (isGpu ? 8 : 1) * { float32: 5e-5, bfloat16: 2 ** -8, float16: 2 ** -10 }[dtype],
          JSON.stringify(each),
        );
      });
    }
  });
}

test('a transposed convolution adds bias and residual, and leads with rows of the residual alone', () => {
  for (const [length, inChannels, outChannels, kernelSize, stride, padding, lead] of [
    [700, 32, 16, 12, 6, 3, 1],
    [50, 8, 4, 7, 3, 2, 0],
    [1, 3, 2, 20, 10, 5, 2],
    [5, 2, 2, 2, 3, 0, 0],
  ] as const) {
    const next = numbers(length);
    const [x, bias] = [next(length * inChannels), next(outChannels)];
    const kernel = next(inChannels * kernelSize * outChannels);
    const outLength = lead + (length - 1) * stride - 2 * padding + kernelSize;
    const residual = next(outLength * outChannels);
    const read = x.map((value) => 0.5 * (value > 0 ? value : 0.1 * value));
    scope(() => {
      const shape = [inChannels, kernelSize, outChannels];
      const outermost = transpose(array(kernel, shape), [2, 1, 0]).toFloat32Array();
      const convolved = transposedConvolution(read, outermost, {
        length,
        inChannels,
        outChannels,
        kernelSize,
        stride,
        padding,
      });
      const expected = residual.map((value, index) => {
        const inside = index - lead * outChannels;
        return inside < 0 ? value : value + at(convolved, inside) + at(bias, index % outChannels);
      });
      const y = leanConvTranspose1d(
        array(x, [1, length, inChannels]),
        { weight: array(kernel, shape), bias: array(bias) },
        {
          residual: array(residual, [1, outLength, outChannels]),
          gain: 0.5,
          slope: 0.1,
          stride,
          padding,
          lead,
          dtype: 'float32',
        },
      );
      assert.deepEqual(y.shape, [1, outLength, outChannels]);
      assertNear(y, expected, 2e-5, `stride ${stride}`);
    });
  }
});

test('what is not finite stays so, and what is large stays finite', () => {
  scope(() => {
    const [weight, bias] = [array([1], [1, 1, 1]), array([0])];
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const through = (values: number[]): number[] => [
        ...astype(
          leanConv1d(array(values, [1, values.length, 1]), { weight, bias }, { alpha: array([2]), dtype }),
          'float32',
        ).toFloat32Array(),
      ];
      assert.deepEqual(through([NaN, 0]), [NaN, 0]);
      assert.ok(through([Infinity, -Infinity]).every((value) => !Number.isFinite(value)));
      assert.ok(through([1e30, -1e30]).every((value) => Math.abs(Math.abs(value) / 1e30 - 1) < 0.01));
    }
  });
});

for (const dtype of ['float32', 'bfloat16'] as const) {
  test(
    `in ${dtype}, nothing is allocated at full length beside a result, nor that where the residual is given up`,
    { skip: isGpu && 'it is about tiles, which a CPU goes in' },
    () => {
      const [length, channels] = [20_000, 64];
      const made = (build: () => Tensor): Tensor => {
        const tensor = scope(() => keep(build()));
        evaluate(tensor);
        return tensor;
      };
      const ones = (count: number, shape: number[], type: DType): Tensor =>
        made(() => astype(array(new Float32Array(count).fill(0.01), shape), type));
      const x = ones(length * channels, [1, length, channels], dtype);
      const weight = ones(7 * channels * channels, [channels, 7, channels], dtype);
      const bias = ones(channels, [channels], dtype);
      const style = ones(2 * channels, [1, 2 * channels], 'float32');
      const options = { style, alpha: bias, padding: 3, dtype };
      // The second reads a result of the first as its residual, which nobody else has.
      const chain = scope(() => {
        const first = leanConv1d(x, { weight, bias }, options);
        return leanConv1d(x, { weight, bias }, { ...options, residual: first });
      });
      synchronize();
      clearCache();
      resetPeak();
      const { activeBytes } = memorySnapshot();
      evaluateInOrder(chain, { order: 'depth-first' });
      synchronize();
      const above = memorySnapshot().peakBytes - activeBytes;
      assert.ok(above >= x.nbytes && above < x.nbytes + 2_000_000, `${above} for ${x.nbytes}`);
      [x, weight, bias, style, chain].forEach((tensor) => tensor.dispose());
    },
  );
}

test('shapes that do not fit are refused with a reason', () => {
  scope(() => {
    const x = array(new Float32Array(12), [1, 4, 3]);
    const kernel = { weight: array(new Float32Array(18), [2, 3, 3]), bias: array([0, 0]) };
    const refuse = (body: () => unknown, reason: RegExp): void => assert.throws(body, reason);
    refuse(() => leanConv1d(array([1], [1, 1, 1]), kernel, { dtype: 'float32' }), /leanConv1d: x must be/);
    refuse(() => leanConv1d(x, kernel, { dilation: 3, dtype: 'float32' }), /kernel is longer/);
    refuse(
      () => leanConv1d(x, { ...kernel, bias: array([0]) }, { dtype: 'float32' }),
      /bias, style or alpha/,
    );
    refuse(() => leanConv1d(x, kernel, { style: array([0]), dtype: 'float32' }), /bias, style or alpha/);
    refuse(() => leanConv1d(x, kernel, { residual: x, dtype: 'float32' }), /residual must have the shape/);
    refuse(
      () =>
        leanConvTranspose1d(
          x,
          { weight: array(new Float32Array(18), [3, 3, 2]), bias: kernel.bias },
          { stride: 1, dtype: 'float32' },
        ),
      /stride at least 2/,
    );
  });
});
