/** A recipe's tensors as the file holds them: cast and quantized by libmlx, each only when it is written. */

import { splitKey } from '../../kokoro/checkpoint-files.ts';
import { array, astype, contiguous, quantize, transpose } from '../../mlx/ops.ts';
import type { QuantizationOptions } from '../../mlx/ops.ts';
import { scope } from '../../mlx/scope.ts';
import type { Tensor } from '../../mlx/tensor.ts';
import type { SourceTensor } from '../onnx/kokoro.ts';
import { isQuantizable } from '../recipes.ts';
import type { Recipe } from '../recipes.ts';
import { safetensorsDTypeOf } from '../safetensors/dtypes.ts';
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
  const dtype = safetensorsDTypeOf(rest);
  return [...source].flatMap(([name, tensor]): WritableTensor[] => {
    const { shape } = tensor;
    const cast = (): Tensor => astype(array(tensor.read(), shape), rest);
    if (quantization === undefined) {
      return [{ name, dtype, shape, bytes: () => evaluatedBytes(cast) }];
    }
    if (isQuantizable(name, shape, quantization)) {
      const module = name.slice(0, -'.weight'.length);
      return packedTensors(module, cast, { shape, dtype, options: quantization });
    }
    if (!isKernel(name, shape)) {
      return [{ name: mlxName(name), dtype, shape, bytes: () => evaluatedBytes(cast) }];
    }
    const [outputs = 0, inputs = 0, kernel = 0] = shape;
    return [
      {
        name: mlxName(name),
        dtype,
        shape: [outputs, kernel, inputs],
        bytes: () => evaluatedBytes(() => contiguous(transpose(cast(), [0, 2, 1]))),
      },
    ];
  });
}

/** Convolutions keep their channels last in MLX: [out, in, kernel] → [out, kernel, in]. */
const isKernel = (name: string, shape: readonly number[]): boolean =>
  shape.length === 3 && /\.weight(_v)?$/.test(name);

/** A weight before it is packed. */
interface DenseWeight {
  /** [rows, columns]. */
  readonly shape: readonly number[];
  /** Its own, and so that of its scales and biases. */
  readonly dtype: SafetensorsDType;
  readonly options: QuantizationOptions;
}

/**
 * A module's `weight` becomes the packed rows, `scales` and `biases` stand beside it. Each of the three quantizes again, since
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
  const [path, parameter] = splitKey(name);
  return `${path}.${lstmNames[parameter] ?? layerNormNames[parameter] ?? parameter}`;
}
