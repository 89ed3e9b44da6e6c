/** MLX's own memory counters and limits, in bytes. */

import { native } from './native.ts';

interface MemorySnapshot {
  /** Allocated and referred to by arrays; the cache is not in it. */
  readonly activeBytes: number;
  /** The most that active memory reached since the last reset, at least what is active now. */
  readonly peakBytes: number;
  /** Freed by arrays and held by the allocator for reuse. */
  readonly cacheBytes: number;
}

const activeBytesNow = native<() => number>('activeBytes');
const peakBytesNow = native<() => number>('peakBytes');
const cacheBytesNow = native<() => number>('cacheBytes');

/** All three counters now. MLX's reset sets its peak to 0 rather than to active, hence the maximum of both here. */
export function memorySnapshot(): MemorySnapshot {
  const activeBytes = activeBytesNow();
  return { activeBytes, peakBytes: Math.max(peakBytesNow(), activeBytes), cacheBytes: cacheBytesNow() };
}

/** Starts a new peak from what is active now. */
export const resetPeak = native<() => void>('resetPeak');

/** Returns the allocator's cache to the system. */
export const clearCache = native<() => void>('clearCache');

/** Waits for all queued work on the default stream. */
export const synchronize = native<() => void>('synchronize');

/** Sets how much freed memory the allocator may hold; returns the previous limit. */
export const setCacheLimit = native<(bytes: number) => number>('setCacheLimit');

/** Sets from how much active memory on evaluation waits for queued work; returns the previous limit. */
export const setMemoryLimit = native<(bytes: number) => number>('setMemoryLimit');
