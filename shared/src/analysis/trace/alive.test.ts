/** What is alive at a trace's peak, and which copies of weights, of traces small enough to know by heart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { operationTrace } from '../../protocol/trace-document.ts';
import type { BufferKind, OperationTrace } from '../../protocol/trace-document.ts';
import { aliveAtPeak, aliveByKind, groupAlive, layerOf } from './alive.ts';
import { hasPackedWeights, weightCopies } from './weight-copies.ts';

const mega = 1_000_000;

type Row = readonly [
  kind: BufferKind,
  megabytes: number,
  tensor: number,
  source: number,
  madeBy: number,
  lastReadBy: number,
  freedAfter: number,
];

const rows: readonly Row[] = [
  ['weight', 4, 0, -1, -1, 0, -1],
  ['weight', 10, 1, -1, -1, 1, -1],
  ['input', 1, 2, -1, -1, 0, 1],
  // Expanded from the packed weight, and gone once it was read.
  ['from-weights', 32, -1, 0, 0, 2, 2],
  ['from-weights', 20, -1, 1, 1, 3, 3],
  ['activation', 8, -1, -1, 2, 3, -1],
];

/** Expands a packed weight of 4 MB to 32, widens one of 10 MB to 20, multiplies, and adds with 3 MB of temporaries. */
function fourOperations(): OperationTrace {
  const column = (place: number): number[] => rows.map((row) => row[place] as number);
  return v.parse(operationTrace, {
    order: 'mlx',
    startBytes: 17 * mega,
    unknownBytes: 2 * mega,
    peakBytes: 77 * mega,
    plainPeakBytes: 77 * mega,
    sameAudio: true,
    seconds: 1,
    names: {
      operations: ['Dequantize', 'AsType', 'Matmul', 'Add'],
      layers: ['bert.encoder', 'decoder.f0'],
      stages: ['bert', 'decoder'],
      dtypes: ['float32', 'bfloat16', 'uint32'],
      shapes: [
        [64, 64],
        [64, 8],
      ],
      tensors: ['bert.encoder.weight', 'decoder.f0.weight', 'style'],
      tensorDtypes: [2, 1, 0],
      tensorShapes: [1, 0, 0],
    },
    operations: {
      operation: [0, 1, 2, 3],
      layer: [0, 1, 0, 1],
      stage: [0, 1, 0, 1],
      shape: [0, 0, 0, 0],
      dtype: [0, 0, 0, 0],
      bytes: [32, 20, 8, 8].map((each) => each * mega),
      buffer: [3, 4, 5, 5],
      activeBytes: [49, 69, 45, 25].map((each) => each * mega),
      peakBytes: [49, 69, 77, 48].map((each) => each * mega),
      microseconds: [1, 1, 1, 1],
    },
    buffers: {
      kind: rows.map(([kind]) => kind),
      bytes: rows.map((row) => row[1] * mega),
      tensor: column(2),
      source: column(3),
      madeBy: column(4),
      lastReadBy: column(5),
      freedAfter: column(6),
    },
  });
}

test('what is alive at the peak is named, and adds up to it', () => {
  const alive = aliveAtPeak(fourOperations());
  assert.equal(alive.operation, 2);
  assert.equal(alive.knownBytes + alive.temporaryBytes, alive.peakBytes);
  // The input was gone after the second operation.
  assert.deepEqual(
    alive.buffers.map(({ index }) => index),
    [3, 4, 1, 5, 0],
  );
  assert.deepEqual(alive.buffers[0], {
    index: 3,
    kind: 'from-weights',
    bytes: 32 * mega,
    dtype: 'float32',
    shape: [64, 64],
    source: { tensor: 'bert.encoder.weight', dtype: 'uint32', shape: [64, 8] },
    madeBy: { index: 0, operation: 'Dequantize', layer: 'bert.encoder', stage: 'bert' },
    lastReadBy: 2,
    freedAfter: 2,
  });
  assert.deepEqual(alive.buffers.at(-1), {
    index: 0,
    kind: 'weight',
    bytes: 4 * mega,
    dtype: 'uint32',
    shape: [64, 8],
    tensor: 'bert.encoder.weight',
    lastReadBy: 0,
  });
  assert.deepEqual(
    aliveByKind(alive).map(({ name, bytes, buffers }) => [name, bytes / mega, buffers]),
    [
      ['from-weights', 52, 2],
      ['weight', 14, 2],
      ['activation', 8, 1],
      ['unknown', 2, 0],
      ['temporary', 1, 0],
    ],
  );
  assert.deepEqual(
    groupAlive(alive.buffers, layerOf).map(({ name, bytes }) => [name, bytes / mega]),
    [
      ['bert.encoder', 44],
      ['decoder.f0', 30],
    ],
  );
});

test('copies of weights are named by the weight: expanded from packed numbers, and widened', () => {
  const trace = fourOperations();
  assert.deepEqual(
    weightCopies(trace).map(({ form, source, bytes, isAliveAtPeak }) => [
      form,
      source.tensor,
      bytes / mega,
      isAliveAtPeak,
    ]),
    [
      ['dense', 'bert.encoder.weight', 32, true],
      ['widened', 'decoder.f0.weight', 20, true],
    ],
  );
  assert.ok(hasPackedWeights(trace));
});

test('a copy that was gone before the peak is not alive there, and one of another form is derived', () => {
  const trace = fourOperations();
  trace.operations.peakBytes = [49, 69, 60, 80].map((each) => each * mega);
  trace.names.tensorDtypes = [0, 0, 0];
  assert.deepEqual(
    weightCopies(trace).map(({ form, isAliveAtPeak }) => [form, isAliveAtPeak]),
    [
      ['derived', false],
      ['derived', true],
    ],
  );
  assert.equal(hasPackedWeights(trace), false);
});
