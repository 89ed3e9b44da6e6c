/** MLX's own memory counters and limits, in bytes. */

import { native } from './native.ts';

export interface MemorySnapshot {
  /** Allocated and referred to by arrays; the cache is not in it. */
  readonly activeBytes: number;
  /** The most that active memory reached since the last reset, at least what is active now. */
  readonly peakBytes: number;
  /** Freed by arrays and held by the allocator for reuse. */
  readonly cacheBytes: number;
}

/** All three counters now. MLX's reset sets its peak to 0 rather than to active, hence the maximum of both here. */
export function memorySnapshot(): MemorySnapshot {
  const activeBytes = native.activeBytes();
  return {
    activeBytes,
    peakBytes: Math.max(native.peakBytes(), activeBytes),
    cacheBytes: native.cacheBytes(),
  };
}

/** Starts a new peak from what is active now. */
export const resetPeak = (): void => native.resetPeak();

/** Returns the allocator's cache to the system. */
export const clearCache = (): void => native.clearCache();

/** Waits for all queued work on the default stream. */
export const synchronize = (): void => native.synchronize();

/** Sets how much freed memory the allocator may hold; returns the previous limit. */
export const setCacheLimit = (bytes: number): number => native.setCacheLimit(bytes);

/** Sets the guideline beyond which evaluation waits or fails; returns the previous limit. */
export const setMemoryLimit = (bytes: number): number => native.setMemoryLimit(bytes);

export const memoryLimit = (): number => native.memoryLimit();

/** Has the C allocator return the pages that it holds free, MLX's buffers among them once its own cache is cleared. */
export const releaseFreeMemory = (): void => native.releaseFreeMemory();

/** What the whole process weighs: phys_footprint on macOS, the resident set on Linux. */
export const footprintBytes = (): number => native.footprintBytes();
