/** The order of the runs, and what follows from their figures. Pure. */

import type { Side } from './measurements.ts';

export interface Step {
  readonly side: 'ours' | 'peer';
  readonly iterations: number;
}

/**
 * The peer's iterations one by one, with a run of ours before, between and after them, so that a machine that slows down
 * or speeds up meanwhile is seen in the spread of ours.
 */
export function schedule(ourIterations: number, peerIterations: number): Step[] {
  const ours: Step = { side: 'ours', iterations: ourIterations };
  const peer: Step = { side: 'peer', iterations: 1 };
  return [ours, ...Array.from({ length: peerIterations }, () => [peer, ours]).flat()];
}

export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** Throws a RangeError when there are no values. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => {
    const value = sorted[index];
    if (value === undefined) {
      throw new RangeError('the spread of no values');
    }
    return value;
  };
  const middle = (sorted.length - 1) / 2;
  return {
    minimum: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    maximum: at(sorted.length - 1),
  };
}

/** Several runs of one side as one; the load's figures are the first run's. Throws a RangeError when there are none. */
export function merge(runs: readonly Side[]): Side {
  const [first] = runs;
  if (first === undefined) {
    throw new RangeError('no runs to merge');
  }
  return { ...first, iterations: runs.flatMap((run) => run.iterations) };
}

export interface SideSummary {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly iterations: number;
  readonly loadActiveBytes: number;
  /** After the iterations; a spread above zero is growth. */
  readonly activeBytes: Spread;
  readonly peakBytes: Spread;
  readonly seconds: Spread;
  readonly samples: Spread;
}

export function summarise(side: Side): SideSummary {
  const over = (figure: 'activeBytes' | 'peakBytes' | 'seconds' | 'samples'): Spread =>
    spread(side.iterations.map((iteration) => iteration[figure]));
  return {
    name: side.name,
    versions: side.versions,
    iterations: side.iterations.length,
    loadActiveBytes: side.load.activeBytes,
    activeBytes: over('activeBytes'),
    peakBytes: over('peakBytes'),
    seconds: over('seconds'),
    samples: over('samples'),
  };
}

export interface Comparison {
  /** How many times as long the peer takes: above one, Tidemark is faster. Of the medians. */
  readonly timesFaster: number;
  /** Tidemark's peak less the peer's, of the medians. */
  readonly peakDifferenceBytes: number;
  /** Whether both said the same number of samples, without which neither time nor peak can be compared. */
  readonly equalWork: boolean;
}

export function compare(ours: SideSummary, peer: SideSummary): Comparison {
  return {
    timesFaster: peer.seconds.median / ours.seconds.median,
    peakDifferenceBytes: Math.round(ours.peakBytes.median - peer.peakBytes.median),
    equalWork: ours.samples.minimum === peer.samples.minimum && ours.samples.maximum === peer.samples.maximum,
  };
}
