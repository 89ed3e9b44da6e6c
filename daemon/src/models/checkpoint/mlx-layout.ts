/** The published PyTorch layout as mlx-audio's converter writes it into a quantized checkpoint. */

import type { SourceTensor } from '../onnx/kokoro.ts';

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
