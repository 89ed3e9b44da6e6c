/** Undoes ONNX Runtime's dynamic quantization, and reorders what PyTorch and ONNX lay out differently. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { OnnxGraph, OnnxTensor } from './graph.ts';

/** How a quantized constant maps back to floats: `(q − zeroPoint) · scale`, one pair for all or one a channel. */
export interface Quantization {
  readonly scales: Float32Array;
  readonly zeroPoints: Int8Array | Uint8Array;
}

/** Scales and zero points by the names of their constants. Zero points are shared by many, so a node names its own. */
export function quantization(graph: OnnxGraph, scaleName: string, zeroPointName: string): Quantization {
  const zeroPoint = graph.tensor(zeroPointName).data;
  if (zeroPoint instanceof Float32Array) {
    throw new TidemarkError('bad-checkpoint', `The zero point ${zeroPointName} is not of an integer type.`);
  }
  return { scales: floats(graph.tensor(scaleName)), zeroPoints: zeroPoint };
}

/** The elements of a float32 constant. */
export function floats(tensor: OnnxTensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) {
    throw new TidemarkError(
      'bad-checkpoint',
      `The ONNX constant ${tensor.name} is ${tensor.dtype}, not float32.`,
    );
  }
  return tensor.data;
}

/** Of one value for all channels or one for each, the channel's. */
const ofChannel = (values: ArrayLike<number>, channel: number): number =>
  (values.length === 1 ? values[0] : values[channel]) ?? Number.NaN;

function checkChannels({ name }: OnnxTensor, values: ArrayLike<number>, channels: number): void {
  if (values.length !== 1 && values.length !== channels) {
    throw new TidemarkError(
      'bad-checkpoint',
      `${name} has ${values.length} scales or zero points for ${channels} channels.`,
    );
  }
}

/** Whole, as one tensor: `(q − zeroPoint) · scale` with a single pair (convolutions and embeddings). */
export function dequantizeTensor(tensor: OnnxTensor, { scales, zeroPoints }: Quantization): Float32Array {
  checkChannels(tensor, scales, 1);
  checkChannels(tensor, zeroPoints, 1);
  const scale = ofChannel(scales, 0);
  const zeroPoint = ofChannel(zeroPoints, 0);
  const { data } = tensor;
  const result = new Float32Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    result[index] = ((data[index] ?? 0) - zeroPoint) * scale;
  }
  return result;
}

/**
 * One [in, out] matrix with a pair an output column, or one for all, transposed to PyTorch's [out, in].
 * `order` gives, for each output row, the column that it comes from; left out, they stay in place.
 */
export function dequantizeTransposed(
  tensor: OnnxTensor,
  [rows, columns]: readonly [number, number],
  { scales, zeroPoints }: Quantization,
  { offset = 0, order }: { readonly offset?: number; readonly order?: readonly number[] } = {},
): Float32Array {
  checkChannels(tensor, scales, columns);
  checkChannels(tensor, zeroPoints, columns);
  const { data } = tensor;
  const result = new Float32Array(rows * columns);
  for (let out = 0; out < columns; out += 1) {
    const column = order?.[out] ?? out;
    const scale = ofChannel(scales, column);
    const zeroPoint = ofChannel(zeroPoints, column);
    for (let row = 0; row < rows; row += 1) {
      result[out * rows + row] = ((data[offset + row * columns + column] ?? 0) - zeroPoint) * scale;
    }
  }
  return result;
}

/**
 * For each of PyTorch's 4·hidden LSTM rows, ONNX's: gates i, f, g, o there and i, o, f, c here (c is g).
 * From torch.nn.LSTM's and ONNX's LSTM operator's documentation.
 */
export function lstmGateOrder(hidden: number): number[] {
  const onnxGateOfTorchGate = [0, 2, 3, 1];
  return onnxGateOfTorchGate.flatMap((gate) =>
    Array.from({ length: hidden }, (_, unit) => gate * hidden + unit),
  );
}

/** The norm of each output channel's kernel, [O, I, K] → [O, 1, 1]: weight norm's g when its v is the weight itself. */
export function channelNorms(weight: Float32Array, channels: number): Float32Array {
  const size = weight.length / channels;
  return Float32Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let index = channel * size; index < (channel + 1) * size; index += 1) {
      sum += (weight[index] ?? 0) ** 2;
    }
    return Math.sqrt(sum);
  });
}
