/**
 * Hypotheses about what every model does alike: each raises the peak of the baseline too, so it explains a difference only as
 * far as taking it away brings the two closer.
 */

import { formatBytes } from '../../../format/bytes.ts';
import { decisive, judgeByIntervention, peakShift, wholeOfDistance } from '../verdict.ts';
import type { Arm, HypothesisId, Intervention } from '../../../protocol/study-document.ts';
import type { Rule } from '../verdict.ts';

interface SharedCause {
  readonly id: HypothesisId;
  readonly statement: string;
  readonly intervention: Intervention;
  /** The intervention as the opening of a sentence. */
  readonly opening: string;
}

function sharedCause({ id, statement, intervention, opening }: SharedCause): Rule {
  return {
    id,
    statement,
    part: 'supported',
    judge(question) {
      return judgeByIntervention(question, {
        intervention,
        prediction: `${opening}, the model comes closer to ${question.baseline.model}.`,
        opposite: `${opening}, both peaks change by the same amount, so their difference stays.`,
        changesBaseline: true,
        wholeWithoutAnomaly: wholeOfDistance(decisive(question)),
        sentence: (_effect, _status, arm, control) => {
          const { given, baseline } = decisive(question);
          const change = (from: Arm, to: Arm | undefined): string =>
            formatBytes(to === undefined ? 0 : peakShift(to, from).estimate, { sign: true });
          return `${opening}, its peak changed by ${change(given, arm)}, and that of ${baseline.model} by ${change(baseline, control)}.`;
        },
      });
    },
  };
}

export const float32Activations = sharedCause({
  id: 'float32-activations',
  statement: 'Activations are float32 although the weights are not.',
  intervention: 'bfloat16-activations',
  opening: 'With activations cast to bfloat16',
});

export const allocatorCache = sharedCause({
  id: 'allocator-cache',
  statement: "The allocator's cache counts toward the peak.",
  intervention: 'no-cache',
  opening: 'With no cache allowed',
});

export const oneLazyGraph = sharedCause({
  id: 'one-lazy-graph',
  statement: 'One large lazy graph keeps more memory alive than it needs.',
  intervention: 'stage-wise',
  opening: 'With each stage evaluated separately',
});

export const weightNormTemporaries = sharedCause({
  id: 'weight-norm-temporaries',
  statement: 'Weight norm, recomputed in each call, leaves large temporaries.',
  intervention: 'fused-weight-norm',
  opening: 'With weight norm fused into the weights',
});

export const evaluationOrder = sharedCause({
  id: 'evaluation-order',
  statement: 'The order in which MLX evaluates keeps more memory alive than a narrower one.',
  intervention: 'narrow-evaluation',
  opening: 'With a graph evaluated one operation wide (MLX_BFS_MAX_WIDTH=1)',
});
