/** One measured piece of work: its peak, what it leaves, and what the collector has to find. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memorySnapshot, setCacheLimit } from '../mlx/memory.ts';
import { add, contiguous, full } from '../mlx/ops.ts';
import { evaluate, scope } from '../mlx/scope.ts';
import { liveTensors, undisposedTensors } from '../mlx/tensor.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { measure, processFigures, settle } from './measure.ts';

// What `--expose-gc` does for a host.
setFlagsFromString('--expose-gc');
globalThis.gc = runInNewContext('gc') as typeof globalThis.gc;

const mebibyte = 2 ** 20;

/** A tensor of so many MiB, in memory. */
function allocate(mebibytes: number): Tensor {
  const tensor = scope(() => contiguous(full([(mebibytes * mebibyte) / 4], 1)));
  evaluate(tensor);
  return tensor;
}

test('the peak is what was active at once, and nothing is left of work that frees what it makes', async () => {
  using held = allocate(1);
  const measured = await measure(() => {
    using first = allocate(2);
    using second = allocate(3);
    return first.nbytes + second.nbytes;
  });
  assert.equal(measured.result, 5 * mebibyte);
  assert.equal(measured.activeBytes, measured.activeBeforeBytes);
  assert.equal(measured.activeBeforeBytes, held.nbytes);
  const transient = measured.peakBytes - measured.activeBeforeBytes;
  // Making ones takes a scalar or so beside them.
  assert.ok(transient >= 5 * mebibyte && transient < 5.1 * mebibyte, `${transient} bytes`);
});

test('a peak of earlier work does not count', async () => {
  allocate(64).dispose();
  const { peakBytes } = await measure(() => allocate(1).dispose());
  assert.ok(peakBytes < 2 * mebibyte, `${peakBytes} bytes`);
});

test('the peak of work that allocates nothing is what was active', async () => {
  using held = allocate(4);
  const { peakBytes, activeBeforeBytes } = await measure(() => undefined);
  assert.equal(peakBytes, activeBeforeBytes);
  assert.equal(activeBeforeBytes, held.nbytes);
});

test('a tensor that work keeps shows as growth, to the byte', async () => {
  const kept: Tensor[] = [];
  const { activeBytes, activeBeforeBytes } = await measure(() => {
    kept.push(allocate(1));
  });
  assert.equal(activeBytes - activeBeforeBytes, mebibyte);
  kept.forEach((tensor) => tensor.dispose());
});

test('a tensor that is dropped without being disposed of is freed by the collector, and counted', async () => {
  const [liveBefore, undisposedBefore] = [liveTensors(), undisposedTensors()];
  const { activeBytes, activeBeforeBytes } = await measure(() => {
    allocate(1);
  });
  assert.equal(activeBytes, activeBeforeBytes);
  assert.equal(liveTensors(), liveBefore);
  assert.equal(undisposedTensors() - undisposedBefore, 1);
});

test('the cache is read before it is cleared, and clear when the work begins', async () => {
  const previous = setCacheLimit(64 * mebibyte);
  const { cacheBytes } = await measure(() => allocate(8).dispose());
  assert.ok(cacheBytes >= 8 * mebibyte, `${cacheBytes} bytes`);
  assert.equal(memorySnapshot().cacheBytes, 0);
  setCacheLimit(previous);
});

test('work that throws is not hidden', async () => {
  const failing = measure(() => {
    throw new Error('no such layer');
  });
  await assert.rejects(failing, /no such layer/);
});

test('a process without a collector to call is refused', async () => {
  const { gc } = globalThis;
  globalThis.gc = undefined;
  await assert.rejects(settle(), /--expose-gc/);
  globalThis.gc = gc;
});

test('the figures of the process are whole numbers, and count descriptors as they are opened', async () => {
  const before = processFigures();
  for (const [name, value] of Object.entries(before)) {
    assert.ok(Number.isSafeInteger(value) && value >= 0, `${name}: ${value as number}`);
  }
  const { open } = await import('node:fs/promises');
  const file = await open(import.meta.filename);
  assert.equal(processFigures().openFileDescriptors, before.openFileDescriptors + 1);
  await file.close();
  assert.equal(processFigures().openFileDescriptors, before.openFileDescriptors);
});

test('settling takes what is only reachable from a finalized tensor too', async () => {
  const before = memorySnapshot().activeBytes;
  for (let round = 0; round < 20; round += 1) {
    scope(() => {
      const tensor = add(full([1000], 1), round);
      evaluate(tensor);
    });
    // Dropped, never disposed of.
    allocate(1);
  }
  await settle();
  assert.equal(memorySnapshot().activeBytes, before);
});
