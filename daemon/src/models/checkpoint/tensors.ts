/** A recipe's tensors as the file holds them: cast and quantized by libmlx, each only when it is written. */

import { array, astype, quantize } from '../../mlx/ops.ts';
import type { QuantizationOptions } from '../../mlx/ops.ts';
import { scope } from '../../mlx/scope.ts';
import type { Tensor } from '../../mlx/tensor.ts';
import type { SourceTensor } from '../onnx/kokoro.ts';
import { isQuantizable } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import type { SafetensorsDType } from '../safetensors/dtypes.ts';
import type { WritableTensor } from '../safetensors/write.ts';

type Parts = ReturnType<typeof quantize>;

/**
 * What a recipe makes of the float32 weights: the published layout for an unquantized checkpoint and mlx-audio's own
 * for a quantized one, as checkpoints for MLX are published.
 */
export function checkpointTensors(
  source: ReadonlyMap<string, SourceTensor>,
  { rest, quantization }: Recipe,
): WritableTensor[] {
  return [...source].flatMap(([name, tensor]) => {
    if (quantization === undefined) {
      return [castTensor(name, tensor, rest)];
    }
    if (isQuantizable(name, tensor.shape, quantization)) {
      return quantizedTensors(name, tensor, rest, quantization);
    }
    return [castTensor(mlxName(name), inMlxLayout(name, tensor), rest)];
  });
}

const fileDType = (rest: Recipe['rest']) => (rest === 'float32' ? 'F32' : 'BF16');

function castTensor(name: string, tensor: SourceTensor, rest: Recipe['rest']): WritableTensor {
  return {
    name,
    dtype: fileDType(rest),
    shape: tensor.shape,
    bytes: () => evaluatedBytes(() => cast(tensor, rest)),
  };
}

function quantizedTensors(
  name: string,
  tensor: SourceTensor,
  rest: Recipe['rest'],
  options: QuantizationOptions,
): WritableTensor[] {
  const module = name.slice(0, -'.weight'.length);
  return packedTensors(module, () => cast(tensor, rest), {
    shape: tensor.shape,
    dtype: fileDType(rest),
    options,
  });
}

/** A weight before it is packed. */
export interface DenseWeight {
  /** [rows, columns]. */
  readonly shape: readonly number[];
  /** Its own, and so that of its scales and biases. */
  readonly dtype: SafetensorsDType;
  readonly options: QuantizationOptions;
}

/**
 * A module's `weight` becomes the packed rows, `scales` and `biases` stand beside it. Each of the three quantizes anew, since
 * the file orders them apart: that costs a second or so, and holding them all would cost the memory of the checkpoint.
 */
export function packedTensors(
  module: string,
  dense: () => Tensor,
  { shape, dtype, options }: DenseWeight,
): WritableTensor[] {
  const [rows = 0, columns = 0] = shape;
  const part = (choose: (parts: Parts) => Tensor) => () =>
    evaluatedBytes(() => choose(quantize(dense(), options)));
  const groups = [rows, columns / options.groupSize];
  const packed = [rows, (columns * options.bits) / 32];
  return [
    { name: `${module}.weight`, dtype: 'U32', shape: packed, bytes: part((parts) => parts.packed) },
    { name: `${module}.scales`, dtype, shape: groups, bytes: part((parts) => parts.scales) },
    { name: `${module}.biases`, dtype, shape: groups, bytes: part((parts) => parts.biases) },
  ];
}

const cast = (tensor: SourceTensor, rest: Recipe['rest']): Tensor =>
  astype(array(tensor.read(), tensor.shape), rest);

/** Runs `body` in a scope of its own and copies the elements of its result out. */
export function evaluatedBytes(body: () => Tensor): Uint8Array {
  return scope(() => {
    const { buffer, byteOffset, byteLength } = body().toTypedArray();
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
}

/** mlx-audio's names of an LSTM's parameters, by PyTorch's. */
const lstmNames: Readonly<Record<string, string>> = {
  weight_ih_l0: 'Wx_forward',
  weight_hh_l0: 'Wh_forward',
  bias_ih_l0: 'bias_ih_forward',
  bias_hh_l0: 'bias_hh_forward',
  weight_ih_l0_reverse: 'Wx_backward',
  weight_hh_l0_reverse: 'Wh_backward',
  bias_ih_l0_reverse: 'bias_ih_backward',
  bias_hh_l0_reverse: 'bias_hh_backward',
};

const layerNormNames: Readonly<Record<string, string>> = { gamma: 'weight', beta: 'bias' };

/** A parameter's name in mlx-audio's network, from its published one. */
export function mlxName(name: string): string {
  const dot = name.lastIndexOf('.');
  const parameter = name.slice(dot + 1);
  return `${name.slice(0, dot)}.${lstmNames[parameter] ?? layerNormNames[parameter] ?? parameter}`;
}

/** Convolutions keep their channels last in MLX: [out, in, kernel] → [out, kernel, in]. Other tensors stay as they are. */
export function inMlxLayout(name: string, tensor: SourceTensor): SourceTensor {
  const [outputs, inputs, kernel] = tensor.shape;
  const isConvolution = tensor.shape.length === 3 && /\.weight(_v)?$/.test(name);
  if (!isConvolution || outputs === undefined || inputs === undefined || kernel === undefined) {
    return tensor;
  }
  return {
    shape: [outputs, kernel, inputs],
    read: () => swapLastAxes(tensor.read(), [outputs, inputs, kernel]),
  };
}

function swapLastAxes(
  values: Float32Array,
  [outer, rows, columns]: readonly [number, number, number],
): Float32Array {
  const result = new Float32Array(values.length);
  for (let block = 0; block < outer; block += 1) {
    const start = block * rows * columns;
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        result[start + column * rows + row] = values[start + row * columns + column] ?? Number.NaN;
      }
    }
  }
  return result;
}
