/** Writes small ONNX files field by field, independently of the reader's own schema. */

import protobuf from 'protobufjs';

export interface ConstantBytes {
  readonly name: string;
  /** TensorProto.DataType: 1 float, 2 uint8, 3 int8. */
  readonly dataType: number;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Whether the elements lie in the typed list rather than as raw bytes. */
  readonly isListed?: boolean;
}

export interface NodeBytes {
  readonly opType: string;
  readonly name: string;
  readonly inputs: readonly string[];
}

const varint = 0;
const delimited = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

function rawBytes(dataType: number, values: readonly number[]): Uint8Array {
  switch (dataType) {
    case 1:
      return new Uint8Array(Float32Array.from(values).buffer);
    case 2:
      return Uint8Array.from(values);
    default:
      return new Uint8Array(Int8Array.from(values).buffer);
  }
}

function tensorProto({ name, dataType, shape, values, isListed = false }: ConstantBytes): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const length of shape) {
    writer.uint32(tag(1, varint)).int64(length);
  }
  writer.uint32(tag(2, varint)).int32(dataType);
  if (isListed && dataType === 1) {
    writer.uint32(tag(4, delimited)).fork();
    values.forEach((value) => writer.float(value));
    writer.ldelim();
  } else if (isListed) {
    writer.uint32(tag(5, delimited)).fork();
    values.forEach((value) => writer.int32(value));
    writer.ldelim();
  } else {
    writer.uint32(tag(9, delimited)).bytes(rawBytes(dataType, values));
  }
  writer.uint32(tag(8, delimited)).string(name);
  return writer.finish();
}

function nodeProto({ opType, name, inputs }: NodeBytes): Uint8Array {
  const writer = protobuf.Writer.create();
  inputs.forEach((input) => writer.uint32(tag(1, delimited)).string(input));
  writer.uint32(tag(3, delimited)).string(name);
  writer.uint32(tag(4, delimited)).string(opType);
  return writer.finish();
}

/** A ModelProto with one graph of these nodes and constants. */
export function onnxBytes(nodes: readonly NodeBytes[], constants: readonly ConstantBytes[]): Uint8Array {
  const graph = protobuf.Writer.create();
  nodes.forEach((node) => graph.uint32(tag(1, delimited)).bytes(nodeProto(node)));
  graph.uint32(tag(2, delimited)).string('a name, which the reader skips');
  constants.forEach((constant) => graph.uint32(tag(5, delimited)).bytes(tensorProto(constant)));
  const model = protobuf.Writer.create();
  model.uint32(tag(1, varint)).int64(9);
  model.uint32(tag(7, delimited)).bytes(graph.finish());
  return model.finish();
}
