/** What both sides of the benchmark report, as they report it. */

import * as v from 'valibot';

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));

export const loadMeasurement = v.object({ activeBytes: bytes, peakBytes: bytes, seconds });

export const iterationMeasurement = v.object({
  seconds,
  activeBytes: bytes,
  peakBytes: bytes,
  samples: bytes,
});

export type LoadMeasurement = v.InferOutput<typeof loadMeasurement>;
export type IterationMeasurement = v.InferOutput<typeof iterationMeasurement>;

/** One side after all of its iterations; the warm-up is left out. */
export interface Side {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: LoadMeasurement;
  readonly iterations: readonly IterationMeasurement[];
}

/** The work, the same for both sides. */
export interface Work {
  readonly model: string;
  readonly phonemes: string;
  readonly voice: string;
  readonly seed: number;
}
