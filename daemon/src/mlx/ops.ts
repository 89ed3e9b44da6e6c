/** MLX's operations, under its Python names in camel case. Each is lazy and gives its result to the innermost scope. */

import { native } from './native.ts';
import type { DType, NativeArgument, OperationName } from './native.ts';
import { own } from './scope.ts';
import { Tensor } from './tensor.ts';

/** A tensor, or a number with no dtype of its own: `multiply(x, 0.2)` keeps x's dtype, as in MLX for Python. */
export type Operand = Tensor | number;

type Argument = Operand | boolean | string | readonly number[] | readonly Tensor[] | undefined;

function toNative(argument: Argument): NativeArgument {
  if (argument instanceof Tensor) {
    return argument.handle;
  }
  if (Array.isArray(argument)) {
    return (argument as readonly (number | Tensor)[]).map((item) =>
      item instanceof Tensor ? item.handle : item,
    ) as NativeArgument;
  }
  return argument as NativeArgument;
}

function callMany(name: OperationName, args: readonly Argument[]): Tensor[] {
  const results = native.operations[name](...args.map(toNative));
  return (Array.isArray(results) ? results : [results]).map((handle) => own(new Tensor(handle), name));
}

function call(name: OperationName, ...args: readonly Argument[]): Tensor {
  const [result] = callMany(name, args);
  if (result === undefined) {
    throw new Error(`${name}: gave no result`);
  }
  return result;
}

// Creation

/** A tensor from JavaScript numbers, row-major. `shape` defaults to one axis. */
export function array(
  values: readonly number[] | Float32Array | Int32Array | Uint32Array | Uint8Array | Uint16Array | Int8Array,
  shape?: readonly number[],
  dtype: DType = 'float32',
): Tensor {
  const data = toElements(values, dtype);
  return own(new Tensor(native.fromData(data, shape ?? [values.length], dtype)), 'array');
}

function toElements(
  values: readonly number[] | Float32Array | Int32Array | Uint32Array | Uint8Array | Uint16Array | Int8Array,
  dtype: DType,
): ArrayBufferView {
  switch (dtype) {
    case 'float32':
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case 'int32':
      return values instanceof Int32Array ? values : Int32Array.from(values);
    case 'uint32':
      return values instanceof Uint32Array ? values : Uint32Array.from(values);
    case 'bool':
    case 'uint8':
      return values instanceof Uint8Array ? values : Uint8Array.from(values);
    case 'int8':
      return values instanceof Int8Array ? values : Int8Array.from(values);
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      if (!(values instanceof Uint16Array)) {
        throw new TypeError(
          `array: ${dtype} takes its raw 16-bit words as a Uint16Array; cast with astype instead`,
        );
      }
      return values;
    case 'int16':
    case 'int64':
    case 'complex64':
      throw new TypeError(`array: ${dtype} cannot be made from numbers here; cast with astype instead`);
  }
}

export const full = (shape: readonly number[], value: number, dtype: DType = 'float32'): Tensor =>
  call('full', shape, value, dtype);
export const zeros = (shape: readonly number[], dtype: DType = 'float32'): Tensor => full(shape, 0, dtype);
export const ones = (shape: readonly number[], dtype: DType = 'float32'): Tensor => full(shape, 1, dtype);
/** `[start, stop)` by `step`. */
export const arange = (start: number, stop: number, step = 1, dtype: DType = 'int32'): Tensor =>
  call('arange', start, stop, step, dtype);

// Elementwise, one operand

export const abs = (x: Tensor): Tensor => call('abs', x);
export const negative = (x: Tensor): Tensor => call('negative', x);
export const square = (x: Tensor): Tensor => call('square', x);
export const sqrt = (x: Tensor): Tensor => call('sqrt', x);
export const rsqrt = (x: Tensor): Tensor => call('rsqrt', x);
export const exp = (x: Tensor): Tensor => call('exp', x);
export const log = (x: Tensor): Tensor => call('log', x);
export const sin = (x: Tensor): Tensor => call('sin', x);
export const cos = (x: Tensor): Tensor => call('cos', x);
export const tanh = (x: Tensor): Tensor => call('tanh', x);
export const sigmoid = (x: Tensor): Tensor => call('sigmoid', x);
export const erf = (x: Tensor): Tensor => call('erf', x);
export const floor = (x: Tensor): Tensor => call('floor', x);
/** To the nearest integer, ties to even. */
export const round = (x: Tensor): Tensor => call('round', x);
export const logicalNot = (x: Tensor): Tensor => call('logicalNot', x);
export const isfinite = (x: Tensor): Tensor => call('isfinite', x);
/** The real part of a complex64 tensor, float32. */
export const real = (x: Tensor): Tensor => call('real', x);
/** The imaginary part of a complex64 tensor, float32. */
export const imag = (x: Tensor): Tensor => call('imag', x);
export const nanToNum = (
  x: Tensor,
  nan: number,
  positiveInfinity: number,
  negativeInfinity: number,
): Tensor => call('nanToNum', x, nan, positiveInfinity, negativeInfinity);
export const clip = (x: Tensor, low: number, high: number): Tensor => call('clip', x, low, high);
export const astype = (x: Tensor, dtype: DType): Tensor => call('astype', x, dtype);

// Elementwise, two operands and more

export const add = (a: Operand, b: Operand): Tensor => call('add', a, b);
export const subtract = (a: Operand, b: Operand): Tensor => call('subtract', a, b);
export const multiply = (a: Operand, b: Operand): Tensor => call('multiply', a, b);
export const divide = (a: Operand, b: Operand): Tensor => call('divide', a, b);
export const power = (a: Operand, b: Operand): Tensor => call('power', a, b);
/** Python's `%`: the result has the divisor's sign. */
export const remainder = (a: Operand, b: Operand): Tensor => call('remainder', a, b);
export const maximum = (a: Operand, b: Operand): Tensor => call('maximum', a, b);
export const minimum = (a: Operand, b: Operand): Tensor => call('minimum', a, b);
export const arctan2 = (a: Operand, b: Operand): Tensor => call('arctan2', a, b);
export const equal = (a: Operand, b: Operand): Tensor => call('equal', a, b);
export const greater = (a: Operand, b: Operand): Tensor => call('greater', a, b);
export const greaterEqual = (a: Operand, b: Operand): Tensor => call('greaterEqual', a, b);
export const less = (a: Operand, b: Operand): Tensor => call('less', a, b);
export const lessEqual = (a: Operand, b: Operand): Tensor => call('lessEqual', a, b);
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => call('logicalAnd', a, b);
/** `yes` where `condition` is true, else `no`. */
export const where = (condition: Tensor, yes: Operand, no: Operand): Tensor =>
  call('where', condition, yes, no);
/** complex64 from float32 parts of one shape. */
export const complex = (realPart: Tensor, imaginaryPart: Tensor): Tensor =>
  call('complex', realPart, imaginaryPart);

// Reductions. `axes` undefined reduces over all of them.

export interface ReductionOptions {
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

export const sum = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('sum', x, axes, keepDims);
export const mean = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('mean', x, axes, keepDims);
/** The population variance (no degrees of freedom taken off). */
export const variance = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('variance', x, axes, keepDims);
export const max = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('max', x, axes, keepDims);
export const min = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('min', x, axes, keepDims);
export const all = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('all', x, axes, keepDims);
export const any = (x: Tensor, { axes, keepDims = false }: ReductionOptions = {}): Tensor =>
  call('any', x, axes, keepDims);
export const argmax = (x: Tensor, axis: number): Tensor => call('argmax', x, axis);
export const cumsum = (x: Tensor, axis: number): Tensor => call('cumsum', x, axis);
export const softmax = (x: Tensor, axis: number): Tensor => call('softmax', x, axis);

// Shape

export const reshape = (x: Tensor, shape: readonly number[]): Tensor => call('reshape', x, shape);
/** Permutes the axes; reverses them where `axes` is not given. */
export const transpose = (x: Tensor, axes?: readonly number[]): Tensor => call('transpose', x, axes);
export const expandDims = (x: Tensor, axis: number): Tensor => call('expandDims', x, axis);
export const squeeze = (x: Tensor, axis: number): Tensor => call('squeeze', x, axis);
export const broadcastTo = (x: Tensor, shape: readonly number[]): Tensor => call('broadcastTo', x, shape);
export const concatenate = (parts: readonly Tensor[], axis: number): Tensor =>
  call('concatenate', parts, axis);
export const stack = (parts: readonly Tensor[], axis: number): Tensor => call('stack', parts, axis);
/** Equal parts along an axis, whose length `parts` must divide. */
export const split = (x: Tensor, parts: number, axis: number): Tensor[] =>
  callMany('split', [x, parts, axis]);
/** `x[..., start:stop:step, ...]` on one axis; negative bounds count from its end, `stop` undefined is its end. */
export const slice = (x: Tensor, axis: number, start: number, stop?: number, step = 1): Tensor =>
  call('slice', x, axis, start, stop, step);
/** Rows of `x` along an axis, by int32 or uint32 indices of any shape. */
export const take = (x: Tensor, indices: Tensor, axis: number): Tensor => call('take', x, indices, axis);
/** Each element along an axis, `count` times in a row. */
export const repeat = (x: Tensor, count: number, axis: number): Tensor => call('repeat', x, count, axis);
export const tile = (x: Tensor, counts: readonly number[]): Tensor => call('tile', x, counts);
/** Pads every axis with zeros: `low[i]` before and `high[i]` after axis i. */
export const pad = (x: Tensor, low: readonly number[], high: readonly number[]): Tensor =>
  call('pad', x, low, high);
/** A view with the given shape and strides, in elements, of row-contiguous `x`. */
export const asStrided = (x: Tensor, shape: readonly number[], strides: readonly number[]): Tensor =>
  call('asStrided', x, shape, strides);
/** Row-contiguous elements, copied only where they are not so already. */
export const contiguous = (x: Tensor): Tensor => call('contiguous', x);
/** `x` with `updates` added at `indices` (one int32 axis) of its first axis; repeated indices accumulate. */
export const scatterAdd = (x: Tensor, indices: Tensor, updates: Tensor): Tensor =>
  call('scatterAdd', x, indices, updates);

// Linear algebra and the network's larger operations

export const matmul = (a: Tensor, b: Tensor): Tensor => call('matmul', a, b);
/** `c + a @ b`. */
export const addmm = (c: Tensor, a: Tensor, b: Tensor): Tensor => call('addmm', c, a, b);
/** Over the last axis, with the fused kernel that `mlx.nn.LayerNorm` uses. */
export const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor =>
  call('layerNorm', x, weight, bias, epsilon);

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** `x` [batch, length, in], `weight` [out, kernel, in / groups] → [batch, length', out]. */
export const conv1d = (
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv1dOptions = {},
): Tensor => call('conv1d', x, weight, stride, padding, dilation, groups);

/**
 * `x` [batch, length, in], `weight` [out, kernel, in / groups] → [batch, (length − 1) · stride − 2 · padding +
 * dilation · (kernel − 1) + 1, out].
 */
export const convTranspose1d = (
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv1dOptions = {},
): Tensor => call('convTranspose1d', x, weight, stride, padding, dilation, groups);

export interface LstmDirection {
  /** [4 · hidden, in], gates in the order i, f, g, o. */
  readonly inputWeight: Tensor;
  /** [4 · hidden, hidden]. */
  readonly hiddenWeight: Tensor;
  /** [4 · hidden]. */
  readonly inputBias: Tensor;
  /** [4 · hidden]. */
  readonly hiddenBias: Tensor;
}

/**
 * A bidirectional LSTM over `x` [batch, length, in] from float32 zero states → [batch, length, 2 · hidden]: forward,
 * then backward. One native operation, so no step's intermediates have handles that would pin them.
 */
export const lstm = (x: Tensor, forward: LstmDirection, backward: LstmDirection): Tensor =>
  call(
    'lstm',
    x,
    forward.inputWeight,
    forward.hiddenWeight,
    forward.inputBias,
    forward.hiddenBias,
    backward.inputWeight,
    backward.hiddenWeight,
    backward.inputBias,
    backward.hiddenBias,
  );

/** Real FFT over the last axis: float32 [..., n] → complex64 [..., n / 2 + 1]. */
export const rfft = (x: Tensor): Tensor => call('rfft', x);
/** Its inverse: complex64 [..., n / 2 + 1] → float32 [..., n]. */
export const irfft = (x: Tensor): Tensor => call('irfft', x);

// Quantization: affine, rows packed into uint32 along the last axis

export interface QuantizationOptions {
  readonly groupSize: number;
  readonly bits: number;
}

/** `weight` [out, in] → packed [out, in · bits / 32], scales and biases [out, in / groupSize] in the weight's dtype. */
export function quantize(
  weight: Tensor,
  { groupSize, bits }: QuantizationOptions,
): { packed: Tensor; scales: Tensor; biases: Tensor } {
  const [packed, scales, biases] = callMany('quantize', [weight, groupSize, bits]);
  if (packed === undefined || scales === undefined || biases === undefined) {
    throw new Error('quantize: gave fewer than three results');
  }
  return { packed, scales, biases };
}

export const dequantize = (
  packed: Tensor,
  scales: Tensor,
  biases: Tensor,
  { groupSize, bits }: QuantizationOptions,
): Tensor => call('dequantize', packed, scales, biases, groupSize, bits);

/** `x` [..., in] times the transpose of a packed [out, in] weight → [..., out]. */
export const quantizedMatmul = (
  x: Tensor,
  packed: Tensor,
  scales: Tensor,
  biases: Tensor,
  { groupSize, bits }: QuantizationOptions,
): Tensor => call('quantizedMatmul', x, packed, scales, biases, groupSize, bits);

/**
 * The same, expanding a few rows of the weight at a time for float32 on the CPU, where MLX 0.32's own product expands each
 * number again for each row of `x` and takes 4 s of a sentence. MLX's own for everything else.
 */
export const blockedQuantizedMatmul = (
  x: Tensor,
  packed: Tensor,
  scales: Tensor,
  biases: Tensor,
  { groupSize, bits }: QuantizationOptions,
): Tensor => call('blockedQuantizedMatmul', x, packed, scales, biases, groupSize, bits);

// Randomness, from the seed of random.ts

/** float32, uniform in [0, 1). */
export const randomUniform = (shape: readonly number[]): Tensor => call('randomUniform', shape);
/** float32, standard normal. */
export const randomNormal = (shape: readonly number[]): Tensor => call('randomNormal', shape);
