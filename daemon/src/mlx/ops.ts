/** MLX's operations, under its Python names in camel case. Each is lazy and gives its result to the innermost scope. */

import { native } from './native.ts';
import type { DType, NativeHandle } from './native.ts';
import { own } from './scope.ts';
import { elementArrays, Tensor } from './tensor.ts';

/** A tensor, or a number with no dtype of its own: `multiply(x, 0.2)` keeps x's dtype, as in MLX for Python. */
type Operand = Tensor | number;

type Argument =
  Operand | boolean | string | ArrayBufferView | readonly number[] | readonly Tensor[] | undefined;
type NativeFunction<Result> = (...args: readonly unknown[]) => Result;

/** Handles in the place of tensors, those of a list too. */
function toNative(argument: Argument): unknown {
  if (Array.isArray(argument)) {
    return (argument as readonly (number | Tensor)[]).map(toNative);
  }
  return argument instanceof Tensor ? argument.handle : argument;
}

/** The operation of this name, whose result belongs to the innermost scope. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- C++ defines the arguments; the caller says them
function operation<Arguments extends readonly Argument[]>(name: string): (...args: Arguments) => Tensor {
  const call = native<NativeFunction<NativeHandle>>(name);
  return (...args) => own(new Tensor(call(...args.map(toNative))), name);
}

/** The same, of one with several results. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as above
function operationOfMany<Arguments extends readonly Argument[]>(
  name: string,
): (...args: Arguments) => Tensor[] {
  const call = native<NativeFunction<NativeHandle[]>>(name);
  return (...args) => call(...args.map(toNative)).map((handle) => own(new Tensor(handle), name));
}

type Shape = readonly number[];
type Unary = [x: Tensor];
type Binary = [a: Operand, b: Operand];

// Creation

type Elements =
  readonly number[] | Float32Array | Int32Array | Uint32Array | Uint8Array | Uint16Array | Int8Array;

const arrayOf = operation<[data: ArrayBufferView, shape: Shape, dtype: DType]>('array');

/** A tensor from JavaScript numbers, row-major. `shape` defaults to one axis. */
export const array = (values: Elements, shape: Shape = [values.length], dtype: DType = 'float32'): Tensor =>
  arrayOf(toElements(values, dtype), shape, dtype);

function toElements(values: Elements, dtype: DType): ArrayBufferView {
  if (
    dtype === 'int16' ||
    dtype === 'int64' ||
    dtype === 'uint64' ||
    dtype === 'float64' ||
    dtype === 'complex64'
  ) {
    throw new TypeError(`array: ${dtype} cannot be made from numbers here; cast with astype instead`);
  }
  const ofDtype = elementArrays[dtype];
  if (values instanceof ofDtype) {
    return values;
  }
  if (ofDtype === Uint16Array) {
    throw new TypeError(
      `array: ${dtype} takes its raw 16-bit words as a Uint16Array; cast with astype instead`,
    );
  }
  return ofDtype.from(values);
}

const fullOf = operation<[shape: Shape, value: number, dtype: DType]>('full');

export const full = (shape: Shape, value: number, dtype: DType = 'float32'): Tensor =>
  fullOf(shape, value, dtype);
export const zeros = (shape: Shape, dtype?: DType): Tensor => full(shape, 0, dtype);
/** int32, from 0 to `stop` − 1. */
export const arange = operation<[stop: number]>('arange');

// Elementwise, one operand

export const abs = operation<Unary>('abs');
export const square = operation<Unary>('square');
export const sqrt = operation<Unary>('sqrt');
export const rsqrt = operation<Unary>('rsqrt');
export const exp = operation<Unary>('exp');
export const sin = operation<Unary>('sin');
export const cos = operation<Unary>('cos');
export const tanh = operation<Unary>('tanh');
export const sigmoid = operation<Unary>('sigmoid');
export const erf = operation<Unary>('erf');
/** To the nearest integer, ties to even. */
export const round = operation<Unary>('round');
/** The real part of a complex64 tensor, float32. */
export const real = operation<Unary>('real');
/** The imaginary part of a complex64 tensor, float32. */
export const imag = operation<Unary>('imag');
export const nanToNum =
  operation<[x: Tensor, nan: number, positiveInfinity: number, negativeInfinity: number]>('nanToNum');
export const clip = operation<[x: Tensor, low: number, high: number]>('clip');
export const astype = operation<[x: Tensor, dtype: DType]>('astype');

// Elementwise, two operands

export const add = operation<Binary>('add');
export const subtract = operation<Binary>('subtract');
export const multiply = operation<Binary>('multiply');
export const divide = operation<Binary>('divide');
/** Python's `%`: the result has the divisor's sign. */
export const remainder = operation<Binary>('remainder');
export const maximum = operation<Binary>('maximum');
export const arctan2 = operation<Binary>('arctan2');
export const greater = operation<Binary>('greater');
/** complex64 from float32 parts of one shape. */
export const complex = operation<[realPart: Tensor, imaginaryPart: Tensor]>('complex');

// Several operations on each element at once, which are one kernel on a GPU and one pass on a CPU

/** x · scale + shift, broadcast. */
export const scaleAndShift = operation<[x: Tensor, scale: Tensor, shift: Tensor]>('scaleAndShift');
/** x + sin²(αx) / α, broadcast. */
export const snake = operation<[x: Tensor, alpha: Tensor]>('snake');

// Along axes

/**
 * g · v / ‖v‖ (Salimans and Kingma, 2016), with mlx-audio's 1e-7 added to the norm, which is over all axes but the first:
 * `direction` [outer, a, b], `magnitude` [outer, 1, 1] → as `direction`, each step rounded to its dtype.
 */
export const weightNorm = operation<[direction: Tensor, magnitude: Tensor]>('weightNorm');

const momentsOverTime = operationOfMany<Unary>('moments');

/** `x` [batch, length, channels] → the mean and the variance of each channel over its length, [batch, 1, channels]. */
export function moments(x: Tensor): { mean: Tensor; variance: Tensor } {
  const [mean, variance] = momentsOverTime(x) as [Tensor, Tensor];
  return { mean, variance };
}

interface ReductionOptions {
  readonly axes: readonly number[];
  readonly keepDims?: boolean;
}

function reduction(name: string): (x: Tensor, options: ReductionOptions) => Tensor {
  const reduce = operation<[x: Tensor, axes: readonly number[], keepDims: boolean]>(name);
  return (x, { axes, keepDims = false }) => reduce(x, axes, keepDims);
}

export const sum = reduction('sum');
export const mean = reduction('mean');
export const cumsum = operation<[x: Tensor, axis: number]>('cumsum');
export const softmax = operation<[x: Tensor, axis: number]>('softmax');

// Shape

export const reshape = operation<[x: Tensor, shape: Shape]>('reshape');
/** Permutes the axes; reverses them where `axes` is not given. */
export const transpose = operation<[x: Tensor, axes?: readonly number[]]>('transpose');
export const expandDims = operation<[x: Tensor, axis: number]>('expandDims');
export const squeeze = operation<[x: Tensor, axis: number]>('squeeze');
export const broadcastTo = operation<[x: Tensor, shape: Shape]>('broadcastTo');
export const concatenate = operation<[parts: readonly Tensor[], axis: number]>('concatenate');
/** Equal parts along an axis, whose length `parts` must divide. */
export const split = operationOfMany<[x: Tensor, parts: number, axis: number]>('split');
/** `x[..., start:stop, ...]` on one axis; negative bounds count from its end, `stop` undefined is its end. */
export const slice = operation<[x: Tensor, axis: number, start: number, stop?: number]>('slice');
/** Rows of `x` along an axis, by int32 or uint32 indices of any shape. */
export const take = operation<[x: Tensor, indices: Tensor, axis: number]>('take');
/** Each element along an axis, `count` times in a row. */
export const repeat = operation<[x: Tensor, count: number, axis: number]>('repeat');
/** Pads every axis with zeros: `low[i]` before and `high[i]` after axis i. */
export const pad = operation<[x: Tensor, low: readonly number[], high: readonly number[]]>('pad');
/** A view with the given shape and strides, in elements, of row-contiguous `x`. */
export const asStrided = operation<[x: Tensor, shape: Shape, strides: readonly number[]]>('asStrided');
/** Row-contiguous elements, copied only where they are not so already. */
export const contiguous = operation<Unary>('contiguous');

// Linear algebra and the network's larger operations

export const matmul = operation<[a: Tensor, b: Tensor]>('matmul');
/** `x` [..., in], `weight` [out, in], `bias` [out] → x Wᵀ + b, [..., out]. */
export const linear = operation<[x: Tensor, weight: Tensor, bias: Tensor]>('linear');
/** Over the last axis, with the fused kernel that `mlx.nn.LayerNorm` uses. */
export const layerNorm = operation<[x: Tensor, weight: Tensor, bias: Tensor, epsilon: number]>('layerNorm');
/** Real FFT over the last axis: float32 [..., n] → complex64 [..., n / 2 + 1]. */
export const rfft = operation<Unary>('rfft');
/** Its inverse: complex64 [..., n / 2 + 1] → float32 [..., n]. */
export const irfft = operation<Unary>('irfft');

const convolve =
  operation<[x: Tensor, weight: Tensor, stride: number, padding: number, dilation: number]>('conv1d');

/** `x` [batch, length, in], `weight` [out, kernel, in] → [batch, length', out]. */
export const conv1d = (
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = 0, dilation = 1 }: { stride?: number; padding?: number; dilation?: number } = {},
): Tensor => convolve(x, weight, stride, padding, dilation);

const convolveTransposed =
  operation<[x: Tensor, weight: Tensor, stride: number, padding: number, groups: number]>('convTranspose1d');

/**
 * `x` [batch, length, in], `weight` [out, kernel, in / groups] → [batch, (length − 1) · stride − 2 · padding + kernel, out].
 */
export const convTranspose1d = (
  x: Tensor,
  weight: Tensor,
  { stride = 1, padding = 0, groups = 1 }: { stride?: number; padding?: number; groups?: number } = {},
): Tensor => convolveTransposed(x, weight, stride, padding, groups);

interface LeanConvOptions {
  /** Of the result's shape; added to it, in its buffer where nothing else reads that. */
  readonly residual?: Tensor | undefined;
  /** x where positive, else slope · x, before the convolution; 1 (no change) unless given. */
  readonly slope?: number;
  /** In which the result is stored, whatever dtype the operands have; computed is in float32 on a CPU. */
  readonly dtype: DType;
}

const leanConvolve =
  operation<
    [
      x: Tensor,
      weight: Tensor,
      bias: Tensor,
      residual: Tensor | undefined,
      style: Tensor | undefined,
      alpha: Tensor | undefined,
      gain: number,
      slope: number,
      padding: number,
      dilation: number,
      dtype: DType,
    ]
  >('leanConv1d');

/**
 * All that a convolution of the generator is: adaptive instance norm, activation, convolution of stride 1, bias and residual.
 * `x` [1, length, in], `weight` [out, kernel, in], `bias` [out] → [1, length', out]. `style` [1, 2 · in] are the norm's γ and β;
 * without it x is multiplied by `gain`. With `alpha`, of `in` numbers, the activation is {@link snake}.
 *
 * On a CPU it goes over time in tiles, and needs no array of the utterance's length but x, the residual and the result.
 */
export const leanConv1d = (
  x: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
  {
    residual,
    style,
    alpha,
    gain = 1,
    slope = 1,
    padding = 0,
    dilation = 1,
    dtype,
  }: LeanConvOptions & {
    readonly style?: Tensor | undefined;
    readonly alpha?: Tensor | undefined;
    readonly gain?: number;
    readonly padding?: number;
    readonly dilation?: number;
  },
): Tensor => leanConvolve(x, weight, bias, residual, style, alpha, gain, slope, padding, dilation, dtype);

const leanConvolveTransposed =
  operation<
    [
      x: Tensor,
      weight: Tensor,
      bias: Tensor,
      residual: Tensor | undefined,
      gain: number,
      slope: number,
      stride: number,
      padding: number,
      lead: number,
      dtype: DType,
    ]
  >('leanConvTranspose1d');

/**
 * The same of a transposed convolution: leaky ReLU, convolution, bias, residual. `x` [1, length, in], `weight` [in, kernel, out]
 * → [1, lead + (length − 1) · stride − 2 · padding + kernel, out]; the first `lead` rows are those of the residual alone.
 */
export const leanConvTranspose1d = (
  x: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
  {
    residual,
    gain = 1,
    slope = 1,
    stride,
    padding = 0,
    lead = 0,
    dtype,
  }: LeanConvOptions & {
    readonly gain?: number;
    readonly stride: number;
    readonly padding?: number;
    readonly lead?: number;
  },
): Tensor => leanConvolveTransposed(x, weight, bias, residual, gain, slope, stride, padding, lead, dtype);

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

const runLstm = operation<[x: Tensor, forward: readonly Tensor[], backward: readonly Tensor[]]>('lstm');

/**
 * A bidirectional LSTM over `x` [batch, length, in] from float32 zero states → [batch, length, 2 · hidden]: forward,
 * then backward. One native operation, so no step's intermediates have handles that would pin them.
 */
export function lstm(x: Tensor, forward: LstmDirection, backward: LstmDirection): Tensor {
  const inOrder = ({ inputWeight, hiddenWeight, inputBias, hiddenBias }: LstmDirection): Tensor[] => [
    inputWeight,
    hiddenWeight,
    inputBias,
    hiddenBias,
  ];
  return runLstm(x, inOrder(forward), inOrder(backward));
}

// Quantization: affine, rows packed into uint32 along the last axis

export interface QuantizationOptions {
  readonly groupSize: number;
  readonly bits: number;
}

const quantizeIntoThree = operationOfMany<[weight: Tensor, groupSize: number, bits: number]>('quantize');

/** `weight` [out, in] → packed [out, in · bits / 32], scales and biases [out, in / groupSize] in the weight's dtype. */
export function quantize(
  weight: Tensor,
  { groupSize, bits }: QuantizationOptions,
): { packed: Tensor; scales: Tensor; biases: Tensor } {
  const [packed, scales, biases] = quantizeIntoThree(weight, groupSize, bits) as [Tensor, Tensor, Tensor];
  return { packed, scales, biases };
}

const expand =
  operation<[packed: Tensor, scales: Tensor, biases: Tensor, groupSize: number, bits: number]>('dequantize');

export const dequantize = (
  packed: Tensor,
  scales: Tensor,
  biases: Tensor,
  { groupSize, bits }: QuantizationOptions,
): Tensor => expand(packed, scales, biases, groupSize, bits);

function packedProduct(
  name: string,
): (x: Tensor, packed: Tensor, scales: Tensor, biases: Tensor, options: QuantizationOptions) => Tensor {
  const multiply =
    operation<[x: Tensor, packed: Tensor, scales: Tensor, biases: Tensor, groupSize: number, bits: number]>(
      name,
    );
  return (x, packed, scales, biases, { groupSize, bits }) =>
    multiply(x, packed, scales, biases, groupSize, bits);
}

/** `x` [..., in] times the transpose of a packed [out, in] weight → [..., out]. */
export const quantizedMatmul = packedProduct('quantizedMatmul');

/**
 * The same, expanding a few rows of the weight at a time for float32 on the CPU, where MLX 0.32's own product expands each
 * number again for each row of `x` and takes 4 s of a sentence. MLX's own for everything else.
 */
export const blockedQuantizedMatmul = packedProduct('blockedQuantizedMatmul');

// Randomness

/** Seeds the default generator: the same seed gives the same noise, on the same backend. */
export const seedRandom = native<(seed: number) => void>('seed');
/** float32, uniform in [0, 1). */
export const randomUniform = operation<[shape: Shape]>('randomUniform');
/** float32, standard normal. */
export const randomNormal = operation<[shape: Shape]>('randomNormal');
