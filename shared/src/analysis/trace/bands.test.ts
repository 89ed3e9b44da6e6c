/** Bands add up to what the operations read, and no column of a picture loses a peak; both hold where their text runs elsewhere. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import * as v from 'valibot';
import { exampleTrace } from '../../../test/example-trace.ts';
import { operationTrace } from '../../protocol/trace-document.ts';
import { tracePicture } from '../../protocol/trace-picture.ts';
import { bandsOf, highestOperations } from './bands.ts';
import { pictureOf } from './picture.ts';

const traces = [
  ['22,000 operations', exampleTrace({ operations: 22_000 })],
  ['dense copies', exampleTrace({ denseCopies: 12 })],
  ['depth first', exampleTrace({ order: 'depth-first', seed: 4 })],
  ['one operation', exampleTrace({ operations: 1 })],
  ['no operation', exampleTrace({ operations: 0 })],
] as const;

for (const [what, trace] of traces) {
  describe(`a trace of ${what}`, () => {
    const { bands, bytes, totals } = bandsOf(trace);

    test('is a trace of the schema', () => assert.doesNotThrow(() => v.parse(operationTrace, trace)));

    test('has bands that add up to the peak of each operation', () => {
      const { peakBytes } = trace.operations;
      assert.deepEqual([...totals], peakBytes);
      for (const operation of peakBytes.keys()) {
        assert.equal(
          bytes.reduce((sum, column) => sum + (column[operation] ?? 0), 0),
          peakBytes[operation],
        );
      }
    });

    test('has what was loaded at the bottom, by its bytes, from the first operation to the last', () => {
      assert.equal(bands[0]?.kind, 'weights');
      assert.ok(bytes[0]?.every((each) => each === 163_526_820));
    });

    test('makes a picture of its schema, which has the peak whatever its width', () => {
      for (const columns of [1, 2, 340, 880, 30_000]) {
        const picture = pictureOf('bf16', trace, columns);
        assert.doesNotThrow(() => v.parse(tracePicture, picture));
        const { length } = picture.columns.startSeconds;
        assert.equal(length, Math.min(columns, trace.operations.bytes.length));
        const tops = picture.columns.startSeconds.map((_, column) =>
          picture.columns.bytes.reduce((sum, band) => sum + (band[column] ?? 0), 0),
        );
        assert.equal(picture.peak?.peakBytes, length === 0 ? undefined : trace.peakBytes);
        assert.equal(Math.max(0, ...tops), length === 0 ? 0 : trace.peakBytes);
      }
    });
  });
}

test('dense copies have a band of their own', () => {
  const { bands, bytes } = bandsOf(exampleTrace({ denseCopies: 12 }));
  const copies = bytes[bands.findIndex(({ kind }) => kind === 'from-weights')];
  assert.equal(copies?.at(-1), 12 * 4_000_000);
});

test('a buffer is alive from the operation that made it to the one after which it is gone, both included', () => {
  const { bytes } = bandsOf({
    names: { stages: ['one', 'two'] },
    unknownBytes: 5,
    operations: { stage: [0, 0, 1, 1], peakBytes: [115, 125, 129, 105] },
    buffers: {
      kind: ['weight', 'activation', 'activation', 'input', 'from-weights'],
      bytes: [100, 10, 7, 3, 2],
      madeBy: [-1, 0, 1, -1, 2],
      freedAfter: [-1, 1, 2, 0, 2],
    },
  });
  assert.deepEqual(
    bytes.map((column) => [...column]),
    [
      [100, 100, 100, 100],
      [8, 5, 5, 5],
      [0, 0, 2, 0],
      [10, 17, 7, 0],
      [0, 0, 0, 0],
      [0, 3, 15, 0],
    ],
  );
});

test('of each column the highest operation that reaches into it is drawn, at any zoom and along time', () => {
  const length = { minLength: 1, maxLength: 60 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(1000), fc.nat(20)), length),
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 80 }),
      (operations, fromShare, share, columns) => {
        const totals = operations.map(([total]) => total);
        const starts = [0];
        for (const [, duration] of operations) {
          starts.push((starts.at(-1) ?? 0) + duration);
        }
        const end = starts.at(-1) ?? 0;
        const from = fromShare * end;
        const to = from + share * (end - from);
        const highest = highestOperations(totals, starts, from, to, columns);
        assert.equal(highest.length, columns);
        highest.forEach((found, column) => {
          const begin = from + ((to - from) * column) / columns;
          const stop = from + ((to - from) * (column + 1)) / columns;
          const reaching = totals.filter(
            (_, each) => (starts[each + 1] ?? 0) > begin && (starts[each] ?? 0) < stop,
          );
          assert.equal(found < 0 ? -1 : totals[found], Math.max(-1, ...reaching));
        });
      },
    ),
  );
});

test('each function needs nothing beside its parameters', () => {
  const trace = exampleTrace({ operations: 50 });
  const elsewhere = <F>(each: F): F => runInNewContext(`(${String(each)})`) as F;
  const { totals } = elsewhere(bandsOf)(trace);
  assert.deepEqual([...totals], trace.operations.peakBytes);
  const starts = totals.map((_, place) => place);
  assert.deepEqual(
    [...elsewhere(highestOperations)(totals, starts, 0, 50, 10)],
    highestOperations(totals, starts, 0, 50, 10),
  );
});
