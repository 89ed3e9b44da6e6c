/** Watched programs for tests, true to their schema, with figures that are easy to reckon with. */

import { judgePeaks, judgeWatched, summarizeWatched } from '../src/analysis/watched.ts';
import { watchSchemaVersion } from '../src/protocol/watch-document.ts';
import type { WatchDocument, WatchedSample } from '../src/protocol/watch-document.ts';
import { exampleProfile } from './example-documents.ts';

/** Iterations that leave nothing behind, the first of them warm-up. */
export const exampleWatched = (
  length: number,
  at: (iteration: number) => Partial<WatchedSample> = () => ({}),
): WatchedSample[] =>
  Array.from({ length }, (_, index) => ({
    index,
    warmup: index === 0,
    activeBeforeBytes: 160_000_000,
    activeBytes: 160_000_000,
    peakBytes: 500_000_000,
    cacheBytes: 300_000_000,
    seconds: 1,
    footprintBytes: 700_000_000,
    openFileDescriptors: 7,
    trackedObjects: 90_000,
    liveArrays: 548,
    evaluations: 1,
    peakResets: 0,
    ...at(index),
  }));

/** A script that keeps `keptBytes` in a list in each iteration, and never resets the peak. */
export function exampleWatch({
  keptBytes = 0,
  length = 15,
  ...changes
}: Partial<WatchDocument> & { readonly keptBytes?: number; readonly length?: number } = {}): WatchDocument {
  const kept = Math.sign(keptBytes);
  const iterations = exampleWatched(length, (index) => ({
    activeBytes: 160_000_000 + keptBytes * (index + 1),
    peakBytes: 500_000_000 + keptBytes * (index + 1),
    liveArrays: 548 + kept * (index + 1),
    trackedObjects: 90_000 + kept * (index + 1),
  }));
  const lives = iterations.map(({ peakBytes }) => peakBytes);
  const summary = summarizeWatched(iterations);
  return {
    kind: 'watch',
    schemaVersion: watchSchemaVersion,
    startedAt: '2025-11-24T10:00:00.000Z',
    seconds: 30,
    program: {
      name: 'memory_profiler.py',
      command: ['python', 'memory_profiler.py', './checkpoint'],
      executable: '/usr/bin/python3',
      exitCode: 0,
    },
    device: exampleProfile().device,
    versions: { tidemark: '0.1.0', python: '3.11.7', mlx: '0.32.4', packages: { 'mlx-audio': '0.6.2' } },
    settings: { warmupIterations: 1 },
    marks: { kind: 'clear_cache', place: 'mx.clear_cache at memory_profiler.py:36', calls: length },
    iterations,
    leaks: judgeWatched(iterations),
    ...(summary === undefined ? {} : { summary }),
    peak: judgePeaks(iterations, { lifeBytes: Math.max(0, ...lives), lives, resets: 0 }),
    countingSeconds: 0.1,
    outcome: { status: 'complete' },
    ...changes,
  };
}
