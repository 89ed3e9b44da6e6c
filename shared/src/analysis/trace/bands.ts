/**
 * What of a trace's memory is for what, operation by operation. Each function here needs nothing beside its parameters, not even
 * one of the others: the report's page runs them too, by their own text.
 */

import type { BandKind } from '../../protocol/trace-picture.ts';
import type { OperationTrace } from '../../protocol/trace-document.ts';

/** The columns that memory is told from. */
export interface TracedMemory {
  readonly names: Pick<OperationTrace['names'], 'stages'>;
  readonly unknownBytes: number;
  readonly operations: Pick<OperationTrace['operations'], 'stage' | 'peakBytes'>;
  readonly buffers: Pick<OperationTrace['buffers'], 'kind' | 'bytes' | 'madeBy' | 'freedAfter'>;
}

export interface Bands {
  /** From the bottom up. */
  readonly bands: readonly { readonly kind: BandKind; readonly name: string }[];
  /** Of each band, its bytes while each operation runs. */
  readonly bytes: readonly Float64Array[];
  /** Of each operation, all bands together: its peak. */
  readonly totals: Float64Array;
}

/**
 * While an operation runs, a buffer is alive that was made by then, and is gone no earlier than after it. What the peak during the
 * operation has beyond those is temporary.
 */
export function bandsOf({ names, unknownBytes, operations, buffers }: TracedMemory): Bands {
  const { stages } = names;
  const { length } = operations.peakBytes;
  const bands: { kind: BandKind; name: string }[] = [
    { kind: 'weights', name: 'weights' },
    { kind: 'other', name: 'inputs and other' },
    { kind: 'from-weights', name: 'made from weights' },
    ...stages.map((name) => ({ kind: 'stage' as const, name })),
    { kind: 'temporary', name: 'temporaries' },
  ];
  const bytes = bands.map(() => new Float64Array(length + 1));
  const add = (band: number, from: number, to: number, amount: number): void => {
    const column = bytes[band];
    if (column !== undefined && from <= to) {
      column[from] = (column[from] ?? 0) + amount;
      column[to + 1] = (column[to + 1] ?? 0) - amount;
    }
  };
  add(1, 0, length - 1, unknownBytes);
  buffers.kind.forEach((kind, buffer) => {
    // Part of what a peak has beyond all others, whether a buffer is known for it or not.
    if (kind === 'temporary') {
      return;
    }
    const madeBy = buffers.madeBy[buffer] ?? -1;
    const freedAfter = buffers.freedAfter[buffer] ?? -1;
    const stage = operations.stage[madeBy];
    const band =
      kind === 'weight'
        ? 0
        : kind === 'from-weights'
          ? 2
          : kind === 'activation' && stage !== undefined
            ? 3 + stage
            : 1;
    add(
      band,
      Math.max(0, madeBy),
      freedAfter < 0 ? length - 1 : Math.min(freedAfter, length - 1),
      buffers.bytes[buffer] ?? 0,
    );
  });
  const totals = new Float64Array(length);
  for (const column of bytes) {
    let sum = 0;
    for (let operation = 0; operation < length; operation += 1) {
      sum += column[operation] ?? 0;
      column[operation] = sum;
      totals[operation] = (totals[operation] ?? 0) + sum;
    }
  }
  const temporary = bytes.at(-1);
  for (let operation = 0; operation < length; operation += 1) {
    const peak = operations.peakBytes[operation] ?? 0;
    const known = totals[operation] ?? 0;
    if (temporary !== undefined && peak > known) {
      temporary[operation] = peak - known;
      totals[operation] = peak;
    }
  }
  return { bands, bytes: bytes.map((column) => column.subarray(0, length)), totals };
}

/**
 * Of the span from `from` to `to` in `columns` equal parts, the operation with the highest total that reaches into each, or -1. An
 * operation reaches from its place in `starts` to the next one's; the last entry is where the last one ends.
 */
export function highestOperations(
  totals: ArrayLike<number>,
  starts: ArrayLike<number>,
  from: number,
  to: number,
  columns: number,
): number[] {
  const { length } = totals;
  const highest: number[] = [];
  // The first operation that ends after `from`.
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle + 1] ?? Infinity) <= from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  let first = low;
  for (let column = 0; column < columns; column += 1) {
    const begin = from + ((to - from) * column) / columns;
    const end = from + ((to - from) * (column + 1)) / columns;
    while (first < length && (starts[first + 1] ?? Infinity) <= begin) {
      first += 1;
    }
    let found = -1;
    for (let each = first; each < length && (starts[each] ?? Infinity) < end; each += 1) {
      if (found < 0 || (totals[each] ?? 0) > (totals[found] ?? 0)) {
        found = each;
      }
    }
    highest.push(found);
  }
  return highest;
}
