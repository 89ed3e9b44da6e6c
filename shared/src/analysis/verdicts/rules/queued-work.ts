/** Hypothesis: work that MLX queues on a GPU keeps its temporaries, and more of them for this model than for the baseline. */

import { formatBytes } from '../../../format/bytes.ts';
import { lessShift } from '../../statistics.ts';
import {
  anomalyOf,
  fewestIterations,
  findArms,
  notTested,
  peakShift,
  statusOfEffect,
  wholeOfDistance,
} from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const queuedWork: Rule = {
  id: 'queued-work',
  statement: 'Work that MLX queues keeps temporaries alive until a whole command buffer is done.',
  part: 'queue',
  judge(question) {
    const { evidence, facts, given, baseline, difference, drained } = question;
    const words = {
      prediction: `With one operation a command buffer (MLX_MAX_OPS_PER_BUFFER=1), the model comes closer to ${baseline.model}.`,
      opposite:
        'Both peaks falling by the same amount when the queue is drained, so that their difference stays.',
    };
    if (evidence.device === 'cpu') {
      return {
        status: 'not-applicable',
        ...words,
        arms: [],
        sentence: `MLX's CPU backend has no command buffers and does not read MLX_MAX_OPS_PER_BUFFER, so no queued work is part of these peaks.`,
      };
    }
    const named = findArms(
      evidence,
      [facts.model, baseline.model].flatMap((model) =>
        (['default', 'drained'] as const).map((queue) => ({
          model,
          intervention: 'as-given' as const,
          queue,
        })),
      ),
    );
    const untested = notTested(named, words);
    if (untested !== undefined) {
      return untested;
    }
    if (drained === undefined) {
      const sentence = 'Too few iterations were measured with the queue drained, so this was not tested.';
      return { status: 'not-tested', ...words, arms: named.map(({ name }) => name), sentence };
    }
    const effect = lessShift(difference, drained.difference);
    const whole = anomalyOf(question)?.difference.estimate ?? wholeOfDistance(question);
    const own = peakShift(given, drained.given).estimate;
    const others = peakShift(baseline, drained.baseline).estimate;
    return {
      status: statusOfEffect(effect, whole),
      ...words,
      arms: named.map(({ name }) => name),
      iterations: fewestIterations(named.flatMap(({ arm }) => arm ?? [])),
      effectBytes: effect,
      sentence:
        `Queued work is ${formatBytes(own)} of its peak and ${formatBytes(others)} of ${baseline.model}'s; ` +
        `drained, its distance to ${baseline.model} changes by ${formatBytes(-effect.estimate, { sign: true })}.`,
    };
  },
};
