/** Copies of weights that a traced utterance made: expanded, widened, or normalized, by the weight's name. */

import type { DenseCopies, OperationTrace } from '../../protocol/trace-document.ts';
import { aliveDuring, bufferOf, peakOperation } from './alive.ts';
import type { TracedBuffer } from './alive.ts';

/**
 * `dense`: all numbers of a packed, quantized weight, expanded. `rows`: some of them, as a table's rows that are looked up.
 * `widened`: the weight in a larger dtype. `derived`: anything else made of weights alone, as a weight normalized.
 */
export type CopyForm = 'dense' | 'rows' | 'widened' | 'derived';

export interface WeightCopy extends TracedBuffer {
  readonly form: CopyForm;
  readonly source: NonNullable<TracedBuffer['source']>;
  readonly isAliveAtPeak: boolean;
}

/** Bytes of an element of the dtypes that numbers have which a network computes with. */
const numberBytes: Readonly<Record<string, number>> = { bfloat16: 2, float16: 2, float32: 4, float64: 8 };

/** The dtype of rows of packed, quantized numbers. */
const packedDtype = 'uint32';

/** A word of 32 bits holds at least four numbers. */
const fewestPerWord = 4;

const elementsOf = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1);

function formOf({ dtype, shape }: TracedBuffer, source: NonNullable<TracedBuffer['source']>): CopyForm {
  if (source.dtype === packedDtype && dtype in numberBytes) {
    return elementsOf(shape) >= fewestPerWord * elementsOf(source.shape) ? 'dense' : 'rows';
  }
  return (numberBytes[dtype] ?? 0) > (numberBytes[source.dtype] ?? Infinity) ? 'widened' : 'derived';
}

/** Every buffer that was made of weights alone, at any time of the trace, the largest first. */
export function weightCopies(trace: OperationTrace): WeightCopy[] {
  const atPeak = new Set(aliveDuring(trace, peakOperation(trace)));
  return [...trace.buffers.kind.keys()]
    .filter((index) => trace.buffers.kind[index] === 'from-weights')
    .map((index) => bufferOf(trace, index))
    .flatMap((buffer) =>
      buffer.source === undefined
        ? []
        : [
            {
              ...buffer,
              source: buffer.source,
              form: formOf(buffer, buffer.source),
              isAliveAtPeak: atPeak.has(buffer.index),
            },
          ],
    )
    .toSorted((a, b) => b.bytes - a.bytes || a.index - b.index);
}

/** Whether the traced model has packed, quantized weights. */
export const hasPackedWeights = ({ names, buffers }: OperationTrace): boolean =>
  buffers.tensor.some(
    (tensor, index) =>
      buffers.kind[index] === 'weight' && names.dtypes[names.tensorDtypes?.[tensor] ?? -1] === packedDtype,
  );

/** The most that a product with a packed weight needed beside its inputs and its result, where MLX tells. */
export function temporaryOfPackedProducts({ buffers, operations, names }: OperationTrace): number {
  return buffers.kind.reduce((most, kind, index) => {
    const operation = names.operations[operations.operation[buffers.madeBy[index] ?? -1] ?? -1] ?? '';
    const counts = kind === 'temporary' && operation.includes('Quantized');
    return counts ? Math.max(most, buffers.bytes[index] ?? 0) : most;
  }, 0);
}

/** Of all that a trace tells of dense copies, what answers whether there are any. */
export function denseCopiesOf(trace: OperationTrace): DenseCopies {
  const dense = weightCopies(trace)
    .filter(({ form }) => form === 'dense')
    .map(({ source, bytes, isAliveAtPeak }) => ({ tensor: source.tensor, bytes, isAliveAtPeak }));
  const named = ({ tensor, bytes }: (typeof dense)[number]): DenseCopies['atPeak'][number] => ({
    tensor,
    bytes,
  });
  return {
    atPeak: dense.filter(({ isAliveAtPeak }) => isAliveAtPeak).map(named),
    ...(dense[0] === undefined ? {} : { largest: named(dense[0]) }),
  };
}
