/** Kokoro-82M's published float32 checkpoint, reconstructed from the int8 ONNX export. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { elementCount } from '../safetensors/dtypes.ts';
import {
  channelNorms,
  dequantizeTensor,
  dequantizeTransposed,
  floats,
  lstmGateOrder,
  quantization,
} from './dequantize.ts';
import type { Quantization } from './dequantize.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor } from './graph.ts';

/** A float32 tensor of a checkpoint that is computed only when it is read, so that a build never holds them all. */
export interface SourceTensor {
  readonly shape: readonly number[];
  /** Row-contiguous elements; a fresh array or a view, not to be written to. */
  read(): Float32Array;
}

/** ALBERT's pooler is not in the export, since its output is never used: [hidden, hidden] and [hidden], as published. */
const poolerHiddenSize = 768;

type Parameters = Map<string, SourceTensor>;

/**
 * The checkpoint's tensors by their published names, in the PyTorch layout: `weight_v` [out, in, kernel], LSTM gates
 * i, f, g, o. `bert.pooler` is filled with zeros. Throws 'bad-checkpoint' on a graph that is not Kokoro's export.
 */
export function importKokoro(graph: OnnxGraph): ReadonlyMap<string, SourceTensor> {
  const parameters: Parameters = new Map();
  for (const name of graph.tensorNames) {
    if (isPlainParameter(name)) {
      const tensor = graph.tensor(name);
      parameters.set(publishedName(name), { shape: tensor.shape, read: () => floats(tensor) });
    }
  }
  for (const node of graph.nodes) {
    for (const [name, tensor] of parametersOfNode(graph, node)) {
      parameters.set(name, tensor);
    }
  }
  parameters.set('bert.pooler.weight', zeros([poolerHiddenSize, poolerHiddenSize]));
  parameters.set('bert.pooler.bias', zeros([poolerHiddenSize]));
  return new Map([...parameters].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parametersOfNode(graph: OnnxGraph, node: OnnxNode): readonly (readonly [string, SourceTensor])[] {
  const module = moduleOfNode(node.name);
  const weight = node.inputs[1] ?? '';
  switch (node.opType) {
    case 'MatMulInteger': {
      const tensor = graph.tensor(weight);
      const scale = quantization(graph, scaleOf(weight), node.inputs[3] ?? '');
      return [[`${module}.weight`, linear(tensor, scale)]];
    }
    case 'ConvInteger': {
      const tensor = graph.tensor(weight);
      const scale = quantization(graph, scaleOf(weight), node.inputs[3] ?? '');
      return convolution(module, weight, tensor.shape, () => dequantizeTensor(tensor, scale));
    }
    case 'Conv':
    case 'ConvTranspose': {
      // The inverse STFT's basis is a buffer, not a parameter; its transposed convolution is not a module of the network.
      if (weight.endsWith('.inverse_basis')) {
        return [];
      }
      const tensor = graph.tensor(weight);
      return convolution(module, weight, tensor.shape, () => floats(tensor));
    }
    case 'DynamicQuantizeLSTM':
      return lstm(graph, module, node);
    case 'DequantizeLinear': {
      // It follows the Gather of an embedding, so the rows' own constant is found beside the scale's.
      const tensor = graph.tensor(weight.replace(/_scale$/, '_quantized'));
      const scale = quantization(graph, weight, node.inputs[2] ?? '');
      return [[`${module}.weight`, { shape: tensor.shape, read: () => dequantizeTensor(tensor, scale) }]];
    }
    case 'MatMul':
      // Of the float ones, only the source's linear layer multiplies by a constant; the others are attention.
      return graph.has(weight) ? [[`${module}.weight`, linear(graph.tensor(weight), identity)]] : [];
    default:
      return [];
  }
}

/** ONNX Runtime's quantizer names a weight's scale after it. */
const scaleOf = (quantizedName: string): string => quantizedName.replace(/_quantized$/, '_scale');

function matrixShape({ name, shape }: OnnxTensor): readonly [number, number] {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new TidemarkError('bad-checkpoint', `${name} of shape [${shape.join(', ')}] is not a matrix.`);
  }
  return [rows, columns];
}

/** What float weights are scaled by. */
const identity: Quantization = { scales: Float32Array.of(1), zeroPoints: Int8Array.of(0) };

function linear(tensor: OnnxTensor, scale: Quantization): SourceTensor {
  const [inputs, outputs] = matrixShape(tensor);
  return { shape: [outputs, inputs], read: () => dequantizeTransposed(tensor, [inputs, outputs], scale) };
}

/** Weight norm was folded in the export: v becomes the weight itself and g its norm, so that g · v / ‖v‖ is the weight. */
function convolution(
  module: string,
  weightName: string,
  shape: readonly number[],
  read: () => Float32Array,
): readonly (readonly [string, SourceTensor])[] {
  const isPlain = /\.weight(_quantized)?$/.test(weightName);
  if (isPlain) {
    return [[`${module}.weight`, { shape, read }]];
  }
  const channels = shape[0] ?? 0;
  return [
    [`${module}.weight_v`, { shape, read }],
    [`${module}.weight_g`, { shape: [channels, 1, 1], read: () => channelNorms(read(), channels) }],
  ];
}

/** The inputs of com.microsoft's DynamicQuantizeLSTM: X, W, R, B, lengths, h, c, P, then W's and R's scale and zero point. */
function lstm(
  graph: OnnxGraph,
  module: string,
  { inputs }: OnnxNode,
): readonly (readonly [string, SourceTensor])[] {
  const matrix = (index: number, scaleIndex: number) => ({
    tensor: graph.tensor(inputs[index] ?? ''),
    ...quantization(graph, inputs[scaleIndex] ?? '', inputs[scaleIndex + 1] ?? ''),
  });
  const input = matrix(1, 8);
  const recurrent = matrix(2, 10);
  const bias = graph.tensor(inputs[3] ?? '');
  const [, hidden, gates] = recurrent.tensor.shape;
  if (hidden === undefined || gates !== 4 * hidden || input.tensor.shape[0] !== 2) {
    throw new TidemarkError('bad-checkpoint', `${module} is not a bidirectional LSTM.`);
  }
  const order = lstmGateOrder(hidden);

  const weight = ({ tensor, scales, zeroPoints }: typeof input, direction: number): SourceTensor => {
    const rows = tensor.shape[1] ?? 0;
    // One pair a direction, or one for each of its gates' units.
    const perDirection = scales.length / 2;
    const own = <T extends Float32Array | Int8Array | Uint8Array>(values: T): T =>
      values.subarray(direction * perDirection, (direction + 1) * perDirection) as T;
    const scale: Quantization = { scales: own(scales), zeroPoints: own(zeroPoints) };
    const offset = direction * rows * gates;
    return {
      shape: [gates, rows],
      read: () => dequantizeTransposed(tensor, [rows, gates], scale, { offset, order }),
    };
  };
  const biasPart = (direction: number, part: number): SourceTensor => {
    const start = (2 * direction + part) * gates;
    return {
      shape: [gates],
      read: () => {
        const values = floats(bias);
        return Float32Array.from(order, (row) => values[start + row] ?? Number.NaN);
      },
    };
  };

  return ['', '_reverse'].flatMap((suffix, direction) => [
    [`${module}.weight_ih_l0${suffix}`, weight(input, direction)] as const,
    [`${module}.weight_hh_l0${suffix}`, weight(recurrent, direction)] as const,
    [`${module}.bias_ih_l0${suffix}`, biasPart(direction, 0)] as const,
    [`${module}.bias_hh_l0${suffix}`, biasPart(direction, 1)] as const,
  ]);
}

const zeros = (shape: readonly number[]): SourceTensor => ({
  shape,
  read: () => new Float32Array(elementCount(shape)),
});

/** The predictor's modules that the export runs outside of the predictor's own forward. */
const predictorModule = /^(F0\.\d+|N\.\d+|shared|F0_proj|N_proj)(\.|$)/;

/**
 * The module that a node computes, from the node's path: `/encoder/text_encoder/cnn.0/cnn.0.0/Conv_quant` →
 * `text_encoder.cnn.0.0`. A suffix as in `query_3` marks ALBERT's repeated runs of one module, and goes.
 */
export function moduleOfNode(nodeName: string): string {
  const modules: string[] = [];
  for (const component of nodeName.split('/').slice(1, -1)) {
    const name = component.replace(/_\d+$/, '');
    const parent = modules.at(-1);
    if (parent !== undefined && name.startsWith(`${parent}.`)) {
      modules.pop();
    }
    modules.push(name);
  }
  return publishedName(modules.join('.'));
}

/** The published name of a constant that kept its PyTorch name: `decoder.decoder.N_conv.bias` → `decoder.N_conv.bias`. */
export function publishedName(exportedName: string): string {
  // The export wraps the network in an `encoder` and a `decoder`, whose own `decoder` is Kokoro's.
  const name = exportedName.replace(/^(encoder|decoder)\./, '');
  return predictorModule.test(name) ? `predictor.${name}` : name;
}

/** Whether a constant is a parameter that the export left in float32 under its PyTorch name. */
function isPlainParameter(name: string): boolean {
  return (
    /^(encoder|decoder\.decoder)\./.test(name) &&
    /\.(bias|gamma|beta|alpha[12]\.\d+)$|(LayerNorm|layer_norm)\.weight$/.test(name)
  );
}
