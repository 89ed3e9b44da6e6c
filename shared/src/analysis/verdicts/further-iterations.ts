/** Which arms of a study get further iterations, because a verdict that rests on them is still open. */

import type { Arm, StudyEvidence } from '../../protocol/study-document.ts';
import { explain } from './explain.ts';
import { armName, findArm, queueOf } from './verdict.ts';

/** The most measured iterations of an arm in all; `mostAsGiven` of a model as given, with MLX's own queue. */
export interface IterationLimits {
  readonly most: number;
  readonly mostAsGiven: number;
}

/** An arm, and how many iterations to add to it. */
export interface FurtherIterations extends Pick<Arm, 'model' | 'intervention'> {
  readonly queue: NonNullable<Arm['queue']>;
  readonly iterations: number;
}

/**
 * Every arm of a verdict whose interval is still too wide to decide, with as many iterations again as it has, up to the limit. None
 * where every verdict is decided, or nothing more may be measured.
 */
export function furtherIterations(evidence: StudyEvidence, limits: IterationLimits): FurtherIterations[] {
  const open = new Set(
    explain(evidence).explanations.flatMap(({ verdicts }) =>
      verdicts.flatMap(({ status, effectBytes, arms }) =>
        // A leak's verdict rests on a series within one process, which more processes do not make longer.
        status === 'inconclusive' && effectBytes !== undefined ? arms : [],
      ),
    ),
  );
  const named = new Map(evidence.arms.map((arm) => [armName(arm), arm]));
  return [...named].flatMap(([name, { model, intervention, ...arm }]) => {
    const queue = queueOf(arm);
    const count = findArm(evidence, model, intervention, queue)?.peakBytes.length ?? 0;
    const isAsGiven = intervention === 'as-given' && queue === 'default';
    const iterations = Math.min(count, (isAsGiven ? limits.mostAsGiven : limits.most) - count);
    return open.has(name) && iterations > 0 ? [{ model, intervention, queue, iterations }] : [];
  });
}
