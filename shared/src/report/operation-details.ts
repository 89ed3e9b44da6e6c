/** What the explorer says of one operation. It needs nothing beside its parameters: the page runs it by its own text. */

import type { Bands } from '../analysis/trace/bands.ts';
import type { OperationTrace } from '../protocol/trace-document.ts';

export interface OperationDetails {
  readonly title: string;
  /** Its layer, what it gave, memory, and time. */
  readonly lines: readonly string[];
  /** Of what memory was for while it ran, by band. */
  readonly parts: readonly { readonly band: number; readonly text: string }[];
  /** The largest arrays that were alive beside the weights, one a line. */
  readonly largest: readonly string[];
}

/** Of the operation at `place`, which began `startSeconds` after the first one. */
export function operationDetails(
  { names, operations, buffers }: OperationTrace,
  { bands, bytes, totals }: Bands,
  place: number,
  startSeconds: number,
): OperationDetails {
  const count = (value: number): string => value.toLocaleString('en-US');
  const megabytes = (value: number): string => {
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return `${(value / 1e6).toLocaleString('en-US', digits)} MB`;
  };
  const time = (value: number): string =>
    value < 1 ? `${(value * 1e3).toFixed(2)} ms` : `${value.toFixed(3)} s`;
  const isPeak = totals.every((each) => each <= (totals[place] ?? 0));
  const nameOf = (operation: number): string => names.operations[operations.operation[operation] ?? -1] ?? '';
  const layerOf = (operation: number): string => names.layers[operations.layer[operation] ?? -1] ?? '';
  const stage = names.stages[operations.stage[place] ?? -1] ?? '';
  const layer = layerOf(place);
  const shape = names.shapes[operations.shape[place] ?? -1] ?? [];
  const dtype = names.dtypes[operations.dtype[place] ?? -1] ?? '';
  const isAlive = (buffer: number): boolean => {
    const freedAfter = buffers.freedAfter[buffer] ?? -1;
    const isMade = (buffers.madeBy[buffer] ?? -1) <= place;
    return isMade && (freedAfter < 0 || freedAfter >= place) && buffers.kind[buffer] !== 'weight';
  };
  const arrayWords = (buffer: number): string => {
    const madeBy = buffers.madeBy[buffer] ?? -1;
    const freedAfter = buffers.freedAfter[buffer] ?? -1;
    const what =
      madeBy < 0
        ? (names.tensors[buffers.tensor[buffer] ?? -1] ?? 'an input')
        : `${nameOf(madeBy)} of ${layerOf(madeBy)}, made by operation ${count(madeBy + 1)}`;
    const end = freedAfter < 0 ? '' : `, released after ${count(freedAfter + 1)}`;
    return `${megabytes(buffers.bytes[buffer] ?? 0)}: ${what}${end}`;
  };
  return {
    title: `Operation ${count(place + 1)} of ${count(totals.length)}: ${nameOf(place)}${isPeak ? ' (the peak)' : ''}`,
    lines: [
      layer === stage ? layer : `${layer} (${stage})`,
      `[${shape.map(count).join(' × ')}] ${dtype}, ${megabytes(operations.bytes[place] ?? 0)}`,
      `Peak ${megabytes(operations.peakBytes[place] ?? 0)} during it, active ${megabytes(operations.activeBytes[place] ?? 0)} after it`,
      `${time(startSeconds)} from the start, ${time((operations.microseconds[place] ?? 0) / 1e6)} long`,
    ],
    parts: bands.flatMap(({ name }, band) => {
      const amount = bytes[band]?.[place] ?? 0;
      // Less would read 0.0 MB.
      return amount >= 50_000 ? [{ band, text: `${name} ${megabytes(amount)}` }] : [];
    }),
    largest: [...buffers.bytes.keys()]
      .filter(isAlive)
      .sort((a, b) => (buffers.bytes[b] ?? 0) - (buffers.bytes[a] ?? 0))
      .slice(0, 5)
      .map(arrayWords),
  };
}
