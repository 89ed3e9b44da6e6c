/** A trace as it is drawn: in columns, with the operation of its peak. */

import type { ProfileDocument } from '../../protocol/profile-document.ts';
import { runsOf } from '../../protocol/run-document.ts';
import type { RunDocument } from '../../protocol/run-document.ts';
import type { OperationTrace } from '../../protocol/trace-document.ts';
import type { TracedOperation, TracePicture } from '../../protocol/trace-picture.ts';
import { bandsOf, highestOperations } from './bands.ts';
import { tracesOf } from './named-traces.ts';

/** When each operation began, in seconds from the first one's start, and when the last one ended. */
export function startSeconds({ operations }: OperationTrace): number[] {
  let sum = 0;
  return [
    0,
    ...operations.microseconds.map((each) => {
      sum += each;
      return sum / 1e6;
    }),
  ];
}

/** Throws a RangeError where there is no such operation. */
export function tracedOperation(trace: OperationTrace, place: number, startSeconds: number): TracedOperation {
  const { names, operations } = trace;
  const at = (column: readonly number[]): number => {
    const value = column[place];
    if (value === undefined) {
      throw new RangeError(`the trace has no operation ${place}`);
    }
    return value;
  };
  return {
    place,
    name: names.operations[at(operations.operation)] ?? '',
    layer: names.layers[at(operations.layer)] ?? '',
    stage: names.stages[at(operations.stage)] ?? '',
    shape: names.shapes[at(operations.shape)] ?? [],
    dtype: names.dtypes[at(operations.dtype)] ?? '',
    bytes: at(operations.bytes),
    activeBytes: at(operations.activeBytes),
    peakBytes: at(operations.peakBytes),
    startSeconds,
  };
}

/** In at most `mostColumns` columns, none of them without an operation; the highest peak is in one of them. */
export function pictureOf(model: string, trace: OperationTrace, mostColumns: number): TracePicture {
  const { bands, bytes, totals } = bandsOf(trace);
  const { length } = totals;
  const columns = Math.min(mostColumns, length);
  const places = Float64Array.from({ length: length + 1 }, (_, place) => place);
  const highest = highestOperations(totals, places, 0, length, columns);
  const starts = startSeconds(trace);
  const [peakAt] = highestOperations(totals, places, 0, length, 1);
  return {
    model,
    order: trace.order,
    ...(trace.queued === undefined ? {} : { queued: trace.queued }),
    operations: length,
    seconds: starts.at(-1) ?? 0,
    ...(peakAt === undefined || peakAt < 0
      ? {}
      : { peak: tracedOperation(trace, peakAt, starts[peakAt] ?? 0) }),
    bands: bands.map((band) => ({ ...band })),
    columns: {
      startSeconds: highest.map((_, column) => starts[Math.floor((column * length) / columns)] ?? 0),
      bytes: bytes.map((column) => highest.map((operation) => column[operation] ?? 0)),
    },
  };
}

function withoutTraces(run: ProfileDocument): ProfileDocument {
  if (run.attribution?.traces === undefined) {
    return run;
  }
  const attribution = { ...run.attribution };
  delete attribution.traces;
  return { ...run, attribution };
}

function withoutAnyTraces(document: RunDocument): RunDocument {
  switch (document.kind) {
    case 'profile':
      return withoutTraces(document);
    case 'study':
      return { ...document, runs: document.runs.map(withoutTraces) };
    case 'watch':
      return document;
  }
}

/**
 * For who shows a document and has little memory: pictures of its traces in at most `mostColumns` columns, of which 0 means none, and
 * the document without the traces.
 */
export function picturesInstead(
  document: RunDocument,
  mostColumns: number,
): { readonly document: RunDocument; readonly pictures: TracePicture[] } {
  return {
    document: withoutAnyTraces(document),
    pictures:
      mostColumns === 0
        ? []
        : tracesOf(runsOf(document)).map(({ model, trace }) => pictureOf(model, trace, mostColumns)),
  };
}
