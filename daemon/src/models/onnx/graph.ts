/** Reads the part of the ONNX format that weights need: a graph's nodes and the constant tensors beside them. */

import protobuf from 'protobufjs';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { setupHint } from '../../paths.ts';
import { elementCount } from '../safetensors/dtypes.ts';

/** One operation: its inputs and outputs are names of tensors; an absent optional input is the empty string. */
export interface OnnxNode {
  readonly opType: string;
  /** '/'-separated, after the modules of the exported network: `/encoder/predictor/lstm/LSTM_quant`. */
  readonly name: string;
  readonly inputs: readonly string[];
}

/** TensorProto.DataType, as far as weights use it. */
type OnnxDType = 'float32' | 'uint8' | 'int8';

/** A constant tensor; `data` is a view of the file's bytes where the format keeps them raw. */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  /** A constant by name. Throws 'bad-checkpoint' when the graph has none of that name or it is of another dtype. */
  tensor(name: string): OnnxTensor;
  has(name: string): boolean;
  /** The names of all constants. */
  readonly tensorNames: readonly string[];
}

const field = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ rule: 'repeated', type, id });

/** Field numbers from the format's own onnx.proto (IR version 9); fields left out here are skipped in decoding. */
const schema = protobuf.Root.fromJSON({
  nested: {
    ModelProto: { fields: { graph: field('GraphProto', 7) } },
    GraphProto: { fields: { node: list('NodeProto', 1), initializer: list('TensorProto', 5) } },
    NodeProto: {
      fields: { input: list('string', 1), name: field('string', 3), opType: field('string', 4) },
    },
    TensorProto: {
      fields: {
        dims: list('int64', 1),
        dataType: field('int32', 2),
        floatData: list('float', 4),
        int32Data: list('int32', 5),
        name: field('string', 8),
        rawData: field('bytes', 9),
        dataLocation: field('int32', 14),
      },
    },
  },
}).lookupType('ModelProto');

/** What protobufjs decodes with the schema above; absent scalars read as their defaults. */
interface DecodedTensor {
  readonly dims: readonly (number | { toNumber(): number })[];
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly dataLocation: number;
}

interface DecodedModel {
  readonly graph: {
    readonly node: readonly { input: readonly string[]; name: string; opType: string }[];
    readonly initializer: readonly DecodedTensor[];
  } | null;
}

const dtypes: Readonly<Record<number, OnnxDType>> = { 1: 'float32', 2: 'uint8', 3: 'int8' };

/** Decodes a model; the bytes must stay unchanged as long as its tensors are in use. Throws 'bad-checkpoint'. */
export function decodeOnnx(bytes: Uint8Array): OnnxGraph {
  let model: DecodedModel;
  try {
    model = schema.decode(bytes) as unknown as DecodedModel;
  } catch (cause) {
    throw new TidemarkError('bad-checkpoint', 'The packaged weights are not a readable ONNX file.', {
      hint: setupHint,
      cause,
    });
  }
  const graph = model.graph;
  if (graph === null || graph.node.length === 0) {
    throw new TidemarkError('bad-checkpoint', 'The packaged weights contain no ONNX graph.', {
      hint: setupHint,
    });
  }
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return {
    nodes: graph.node.map(({ opType, name, input }) => ({ opType, name, inputs: input })),
    tensorNames: [...constants.keys()],
    has: (name) => constants.has(name),
    tensor: (name) => {
      const constant = constants.get(name);
      if (constant === undefined) {
        throw new TidemarkError('bad-checkpoint', `The ONNX graph has no constant named ${name}.`);
      }
      return readTensor(constant);
    },
  };
}

function readTensor(tensor: DecodedTensor): OnnxTensor {
  const { name } = tensor;
  const dtype = dtypes[tensor.dataType];
  if (dtype === undefined || tensor.dataLocation !== 0) {
    throw new TidemarkError(
      'bad-checkpoint',
      `The ONNX constant ${name} has data type ${tensor.dataType} or is stored outside the file; neither is supported.`,
    );
  }
  const shape = tensor.dims.map((dim) => (typeof dim === 'number' ? dim : dim.toNumber()));
  const count = elementCount(shape);
  const data = elements(tensor, dtype);
  if (data.length !== count) {
    throw new TidemarkError(
      'bad-checkpoint',
      `The ONNX constant ${name} has ${data.length} elements where its shape [${shape.join(', ')}] needs ${count}.`,
    );
  }
  return { name, dtype, shape, data };
}

/** The format keeps elements either as raw little-endian bytes or in a typed list. */
function elements(tensor: DecodedTensor, dtype: OnnxDType): OnnxTensor['data'] {
  const { rawData, floatData, int32Data } = tensor;
  const { buffer, byteOffset, byteLength } = rawData;
  const isRaw = byteLength > 0;
  switch (dtype) {
    case 'int8':
      return isRaw ? new Int8Array(buffer, byteOffset, byteLength) : Int8Array.from(int32Data);
    case 'uint8':
      return isRaw ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(int32Data);
    case 'float32': {
      if (!isRaw) {
        return Float32Array.from(floatData);
      }
      // A file's raw floats need not lie on a multiple of 4, as a Float32Array must: copy those.
      const aligned = byteOffset % 4 === 0 ? rawData : Uint8Array.from(rawData);
      return new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(byteLength / 4));
    }
  }
}
