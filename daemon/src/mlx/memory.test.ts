/** MLX's counters as Tidemark reads them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clearCache,
  memorySnapshot,
  resetPeak,
  setCacheLimit,
  setMemoryLimit,
  synchronize,
} from './memory.ts';
import { footprintBytes } from './process.ts';
import * as mx from './ops.ts';
import { evaluate, scope } from './scope.ts';

const mebibyte = 2 ** 20;

test('active memory follows the tensors alive, and the peak what was alive at once', () => {
  clearCache();
  const before = memorySnapshot().activeBytes;
  const tensor = scope(() => mx.contiguous(mx.full([mebibyte], 1)));
  evaluate(tensor);
  synchronize();
  assert.equal(memorySnapshot().activeBytes - before, 4 * mebibyte);
  resetPeak();
  const other = scope(() => mx.add(tensor, 1));
  evaluate(other);
  other.dispose();
  tensor.dispose();
  synchronize();
  const after = memorySnapshot();
  assert.equal(after.activeBytes, before);
  assert.ok(after.peakBytes - before >= 8 * mebibyte);
});

test('the peak right after a reset is what is active, though MLX sets its own to zero', () => {
  const tensor = scope(() => mx.full([mebibyte], 1));
  evaluate(tensor);
  resetPeak();
  const { activeBytes, peakBytes } = memorySnapshot();
  assert.equal(peakBytes, activeBytes);
  tensor.dispose();
});

test('freed memory goes to the cache up to its limit, and clearing returns it', () => {
  const previous = setCacheLimit(64 * mebibyte);
  clearCache();
  const tensor = scope(() => mx.contiguous(mx.full([mebibyte], 1)));
  evaluate(tensor);
  tensor.dispose();
  synchronize();
  assert.ok(memorySnapshot().cacheBytes >= 4 * mebibyte);
  clearCache();
  assert.equal(memorySnapshot().cacheBytes, 0);
  assert.equal(setCacheLimit(previous), 64 * mebibyte);
});

test('the memory limit can be set, and set back', () => {
  const previous = setMemoryLimit(64 * mebibyte);
  assert.ok(previous > 64 * mebibyte, 'its own is most of the memory');
  assert.equal(setMemoryLimit(previous), 64 * mebibyte);
});

test("the footprint is the system's figure for this process", () => {
  const resident = process.memoryUsage.rss();
  const ratio = footprintBytes() / resident;
  assert.ok(ratio > 0.8 && ratio < 1.25, `footprint is ${ratio} of the resident set`);
});
