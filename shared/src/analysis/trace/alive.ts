/** What is alive at the peak of a traced utterance: every buffer with what is known of it, and sums by kind, layer and dtype. */

import type { AliveKind, BufferKind, OperationTrace } from '../../protocol/trace-document.ts';

/** A buffer of a trace, its columns' places turned into names. */
export interface TracedBuffer {
  /** Its place among the trace's buffers. */
  readonly index: number;
  readonly kind: BufferKind;
  readonly bytes: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The weight's key, or what an input is; absent for what an operation made. */
  readonly tensor?: string;
  /** The weight that it was made of alone, where it was. */
  readonly source?: { readonly tensor: string; readonly dtype: string; readonly shape: readonly number[] };
  /** What made it, and where that stands among the operations. */
  readonly madeBy?: {
    readonly index: number;
    readonly operation: string;
    readonly layer: string;
    readonly stage: string;
  };
  /** Places among the operations: which read it last, and after which it was gone. Absent where none did, or it stayed. */
  readonly lastReadBy?: number;
  readonly freedAfter?: number;
}

export interface AliveAtPeak {
  /** The place of the operation during which memory stood highest, and that peak. */
  readonly operation: number;
  readonly peakBytes: number;
  /** The largest first. */
  readonly buffers: readonly TracedBuffer[];
  /** Active before the first operation, and of no buffer. */
  readonly unknownBytes: number;
  /** The peak less the buffers and what is unknown: temporaries inside operations that MLX does not tell of. */
  readonly temporaryBytes: number;
  /** The buffers and what is unknown together, and with the temporaries: the peak, or a little more where a queue gave back. */
  readonly knownBytes: number;
  readonly bytes: number;
}

const place = (index: number): number | undefined => (index < 0 ? undefined : index);
const named = (names: readonly string[], index: number | undefined): string =>
  names[index ?? -1] ?? 'unknown';

/** The buffer at a place of a trace. */
export function bufferOf({ buffers, operations, names }: OperationTrace, index: number): TracedBuffer {
  const madeBy = place(buffers.madeBy[index] ?? -1);
  const tensor = place(buffers.tensor[index] ?? -1);
  const source = place(buffers.source[index] ?? -1);
  const lastReadBy = place(buffers.lastReadBy[index] ?? -1);
  const freedAfter = place(buffers.freedAfter[index] ?? -1);
  const dtype = tensor === undefined ? operations.dtype[madeBy ?? -1] : names.tensorDtypes?.[tensor];
  const shape = tensor === undefined ? operations.shape[madeBy ?? -1] : names.tensorShapes?.[tensor];
  return {
    index,
    kind: buffers.kind[index] ?? 'activation',
    bytes: buffers.bytes[index] ?? 0,
    dtype: named(names.dtypes, dtype),
    shape: names.shapes[shape ?? -1] ?? [],
    ...(tensor === undefined ? {} : { tensor: named(names.tensors, tensor) }),
    ...(source === undefined
      ? {}
      : {
          source: {
            tensor: named(names.tensors, source),
            dtype: named(names.dtypes, names.tensorDtypes?.[source]),
            shape: names.shapes[names.tensorShapes?.[source] ?? -1] ?? [],
          },
        }),
    ...(madeBy === undefined
      ? {}
      : {
          madeBy: {
            index: madeBy,
            operation: named(names.operations, operations.operation[madeBy]),
            layer: named(names.layers, operations.layer[madeBy]),
            stage: named(names.stages, operations.stage[madeBy]),
          },
        }),
    ...(lastReadBy === undefined ? {} : { lastReadBy }),
    ...(freedAfter === undefined ? {} : { freedAfter }),
  };
}

/** The places of the buffers that are alive during an operation: there before it ended, and not gone before it began. */
export function aliveDuring({ buffers }: OperationTrace, operation: number): number[] {
  return [...buffers.madeBy.keys()].filter((index) => {
    const freedAfter = buffers.freedAfter[index] ?? -1;
    return (buffers.madeBy[index] ?? -1) <= operation && (freedAfter < 0 || freedAfter >= operation);
  });
}

/** Where the trace stands highest. */
export function peakOperation({ operations: { peakBytes } }: OperationTrace): number {
  return peakBytes.reduce((highest, each, index) => (each > (peakBytes[highest] ?? 0) ? index : highest), 0);
}

export function aliveAtPeak(trace: OperationTrace): AliveAtPeak {
  const operation = peakOperation(trace);
  const peakBytes = trace.operations.peakBytes[operation] ?? trace.startBytes;
  const buffers = aliveDuring(trace, operation)
    .map((index) => bufferOf(trace, index))
    .toSorted((a, b) => b.bytes - a.bytes || a.index - b.index);
  const knownBytes = buffers.reduce((sum, { bytes }) => sum + bytes, trace.unknownBytes);
  // A queue may give something back between an operation's begin and its own peak.
  const temporaryBytes = Math.max(0, peakBytes - knownBytes);
  return {
    operation,
    peakBytes,
    buffers,
    unknownBytes: trace.unknownBytes,
    temporaryBytes,
    knownBytes,
    bytes: knownBytes + temporaryBytes,
  };
}

export interface AliveGroup<Name extends string = string> {
  readonly name: Name;
  readonly bytes: number;
  readonly buffers: number;
}

/** What is alive, summed by a property of the buffers, the largest sum first. */
export function groupAlive<Name extends string>(
  buffers: readonly TracedBuffer[],
  nameOf: (buffer: TracedBuffer) => Name,
): AliveGroup<Name>[] {
  const groups = new Map<Name, AliveGroup<Name>>();
  for (const buffer of buffers) {
    const name = nameOf(buffer);
    const { bytes = 0, buffers: count = 0 } = groups.get(name) ?? {};
    groups.set(name, { name, bytes: bytes + buffer.bytes, buffers: count + 1 });
  }
  return [...groups.values()].toSorted((a, b) => b.bytes - a.bytes);
}

/** The layer that a buffer belongs to: of a weight the module that it is a part of, of what was made the layer that asked for it. */
export const layerOf = ({ tensor, madeBy }: TracedBuffer): string =>
  madeBy?.layer ?? tensor?.replace(/\.[^.]*$/, '') ?? 'unknown';

/** All that is alive by kind, with what belongs to no buffer: the kinds of which there is something, the largest sum first. */
export function aliveByKind({ buffers, temporaryBytes, unknownBytes }: AliveAtPeak): AliveGroup<AliveKind>[] {
  const groups = groupAlive<AliveKind>(buffers, ({ kind }) => kind);
  const temporary = groups.find(({ name }) => name === 'temporary') ?? { bytes: 0, buffers: 0 };
  const others: AliveGroup<AliveKind>[] = [
    { ...temporary, name: 'temporary', bytes: temporary.bytes + temporaryBytes },
    { name: 'unknown', bytes: unknownBytes, buffers: 0 },
  ];
  return [...groups.filter(({ name }) => name !== 'temporary'), ...others]
    .filter(({ bytes }) => bytes > 0)
    .toSorted((a, b) => b.bytes - a.bytes);
}
