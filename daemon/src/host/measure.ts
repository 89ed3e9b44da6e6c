/** Measures the memory of one piece of work, the innermost part of the loop, and reads the figures of the process. */

import { readdirSync } from 'node:fs';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { deviceBytes } from '../mlx/device.ts';
import { clearCache, memorySnapshot, resetPeak, synchronize } from '../mlx/memory.ts';
import { footprintBytes, releaseFreeMemory } from '../mlx/process.ts';
import { liveTensors, undisposedTensors } from '../mlx/tensor.ts';

/** Event-loop turns after a collection: V8 hands finalizers to one, and Node runs them in another. */
const turnsForFinalizers = 3;

export interface SettleOptions {
  /** Leaves MLX's cache as it is. */
  readonly keepCache?: boolean | undefined;
}

/**
 * Leaves nothing in memory but what is referred to: collects garbage, lets the finalizers of collected handles run, waits
 * for queued work, returns MLX's cache, unless it is to be kept, and then what the C allocator holds free. Without that last step glibc's trimming
 * thresholds move the footprint by 22 MB from one identical iteration to the next; with it, by 0.4 MB at the most. Needs Node's
 * `--expose-gc`.
 */
export async function settle({ keepCache = false }: SettleOptions = {}): Promise<void> {
  if (globalThis.gc === undefined) {
    throw new Error('settle: there is no collector to call; run this process with --expose-gc');
  }
  // The second collection takes what the first one's finalizers let go of.
  for (let round = 0; round < 2; round += 1) {
    globalThis.gc();
    for (let turn = 0; turn < turnsForFinalizers; turn += 1) {
      await setImmediate();
    }
  }
  synchronize();
  if (!keepCache) {
    clearCache();
  }
  releaseFreeMemory();
}

export interface Measured<Result> {
  readonly result: Result;
  /** With everything settled, before and after the work. */
  readonly activeBeforeBytes: number;
  readonly activeBytes: number;
  /** The most that was active during the work, at least what was active before it. */
  readonly peakBytes: number;
  /** What the allocator held for reuse right before the work, and right after it. */
  readonly cacheBeforeBytes: number;
  readonly cacheBytes: number;
  readonly seconds: number;
}

/**
 * Runs `work` with its own peak. `work` is synchronous, evaluates what it builds and disposes of it; its result holds no
 * tensor, or that tensor is measured as growth.
 */
export async function measure<Result>(
  work: () => Result,
  options: SettleOptions = {},
): Promise<Measured<Result>> {
  await settle(options);
  const { activeBytes: activeBeforeBytes, cacheBytes: cacheBeforeBytes } = memorySnapshot();
  resetPeak();
  const startedAt = performance.now();
  const result = work();
  synchronize();
  const seconds = (performance.now() - startedAt) / 1000;
  const { peakBytes, cacheBytes } = memorySnapshot();
  await settle(options);
  const { activeBytes } = memorySnapshot();
  return {
    result,
    activeBeforeBytes,
    activeBytes,
    // MLX's reset sets its peak to 0, so work that allocates nothing would have none.
    peakBytes: Math.max(peakBytes, activeBeforeBytes),
    cacheBeforeBytes,
    cacheBytes,
    seconds,
  };
}

/** What this process holds besides MLX's arrays: what the system, V8 and the handle counters report. */
export interface ProcessFigures {
  readonly footprintBytes: number;
  /** On a Mac: how long it took until the footprint stood still. */
  readonly footprintSeconds?: number;
  readonly deviceBytes?: number;
  readonly heapBytes: number;
  readonly openFileDescriptors: number;
  readonly liveTensors: number;
  readonly undisposedTensors: number;
}

export async function processFigures(): Promise<ProcessFigures> {
  return {
    ...(await settledFootprint()),
    ...deviceFigure(),
    heapBytes: process.memoryUsage().heapUsed,
    openFileDescriptors: openFileDescriptors(),
    liveTensors: liveTensors(),
    undisposedTensors: undisposedTensors(),
  };
}

/** How a footprint is read and waited for; a test brings its own. */
export interface FootprintClock {
  readonly platform: NodeJS.Platform;
  readonly readBytes: () => number;
  readonly milliseconds: () => number;
  readonly wait: (milliseconds: number) => Promise<unknown>;
}

const ownClock: FootprintClock = {
  platform: process.platform,
  readBytes: footprintBytes,
  milliseconds: () => performance.now(),
  wait: (milliseconds) => delay(milliseconds),
};

/**
 * On a Mac phys_footprint trails a cleared cache by up to 4 s (ml-explore/mlx #3896), now and then in steps. It stands still once so
 * many readings in a row, so far apart, are within a page of Apple silicon of the one before; it is waited for no longer than
 * that.
 */
const footprintStill = { readings: 3, apartMilliseconds: 100, withinBytes: 16_384, mostMilliseconds: 6000 };

/** The footprint, on a Mac once it stands still, or what it is after 6 s; elsewhere as it is. Never within timed work. */
export async function settledFootprint(
  clock: FootprintClock = ownClock,
): Promise<Pick<ProcessFigures, 'footprintBytes' | 'footprintSeconds'>> {
  const { platform, readBytes, milliseconds, wait } = clock;
  const { readings, apartMilliseconds, withinBytes, mostMilliseconds } = footprintStill;
  let bytes = readBytes();
  if (platform !== 'darwin') {
    return { footprintBytes: bytes };
  }
  const startedAt = milliseconds();
  const elapsed = (): number => milliseconds() - startedAt;
  for (let still = 0; still < readings && elapsed() < mostMilliseconds;) {
    await wait(apartMilliseconds);
    const before = bytes;
    bytes = readBytes();
    still = Math.abs(bytes - before) <= withinBytes ? still + 1 : 0;
  }
  return { footprintBytes: bytes, footprintSeconds: elapsed() / 1000 };
}

/** {@link deviceBytes}, where the driver says it. */
export function deviceFigure(): Pick<ProcessFigures, 'deviceBytes'> {
  const bytes = deviceBytes();
  return bytes === undefined ? {} : { deviceBytes: bytes };
}

/** The system's own list, less the descriptor that reads it. */
function openFileDescriptors(): number {
  return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length - 1;
}
