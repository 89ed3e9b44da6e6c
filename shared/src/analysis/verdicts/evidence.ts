/** What a study measured, arm by arm, in the form that the verdict rules read. */

import { offsetShift, shiftBetween } from '../shift.ts';
import type { Shift } from '../shift.ts';
import { median, sorted } from '../statistics.ts';

/**
 * The interventions of a study: each changes one thing against `as-given`, in a process of its own. All but
 * `frozen-durations` replay the durations of the model's own `as-given` arm, so that they do equal work.
 */
export const interventions = [
  'as-given',
  'rest-bfloat16',
  'rest-float32',
  'dense',
  'frozen-durations',
  'bfloat16-activations',
  'fused-weight-norm',
  'no-cache',
  'unlimited-cache',
  'stage-wise',
  'all-float32',
] as const;

export type Intervention = (typeof interventions)[number];

export interface Arm {
  readonly model: string;
  readonly intervention: Intervention;
  /** Active memory once loaded, in bytes. */
  readonly loadedBytes: number;
  /** The peak while it was loaded. */
  readonly loadPeakBytes: number;
  /** Of each measured iteration. */
  readonly peakBytes: readonly number[];
  /** Of each measured iteration, after the cache was cleared. */
  readonly activeBytes: readonly number[];
  /** Of the audio of each measured iteration. */
  readonly samples: readonly number[];
}

/** One quantized layer, measured alone: what its product took beyond active memory, and what a dense copy would take. */
export interface LayerTransient {
  readonly path: string;
  /** The size of the whole weight, expanded to the dtype of its scales. */
  readonly denseBytes: number;
  /** The transient of the quantized product, less its own output. */
  readonly quantizedBytes: number;
  /** The transient of expanding the weight and then multiplying, less its output: what the guess would look like. */
  readonly expandedBytes: number;
}

/** Several models run one after the other in one process whose peak was never reset. */
export interface UnresetSequence {
  /** In the order in which they ran, with the peak that was read after each. */
  readonly readings: readonly { readonly model: string; readonly peakBytes: number }[];
}

export interface ModelFacts {
  readonly model: string;
  readonly tensorBytes: number;
  readonly bytesByDtype: Readonly<Record<string, number>>;
  /** Bits of its quantized layers; absent where none is quantized. */
  readonly bits?: number;
  /** Bytes of the tensors of layers that are not quantized, by dtype. */
  readonly restBytesByDtype: Readonly<Record<string, number>>;
}

export interface StudyEvidence {
  /** The model that the others are compared with. */
  readonly baseline: string;
  readonly models: readonly ModelFacts[];
  readonly arms: readonly Arm[];
  readonly layers: Readonly<Record<string, readonly LayerTransient[]>>;
  readonly unreset: readonly UnresetSequence[];
}

/** The arm of a model, where the study ran it to its end. */
export function findArm({ arms }: StudyEvidence, model: string, intervention: Intervention): Arm | undefined {
  return arms.find((arm) => arm.model === model && arm.intervention === intervention);
}

/** How far the peaks of one arm lie above those of another. */
export const peakShift = (arm: Arm, reference: Arm): Shift =>
  shiftBetween(arm.peakBytes, reference.peakBytes);

/** The same for what each took beyond its loaded weights. */
export const transientShift = (arm: Arm, reference: Arm): Shift =>
  offsetShift(peakShift(arm, reference), reference.loadedBytes - arm.loadedBytes);

export const medianOf = (samples: readonly number[]): number => median(sorted(samples));
