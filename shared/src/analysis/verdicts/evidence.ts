/** What the verdict rules ask of a study's evidence. */

import type { Arm, Intervention, StudyEvidence } from '../../protocol/study-evidence.ts';
import { offsetShift, shiftBetween } from '../shift.ts';
import type { Shift } from '../shift.ts';
import { median, sorted } from '../statistics.ts';

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
