/** Hypothesis: the quantized layers need more than dense ones in the baseline's dtype. Where they need less, that hides a part of an anomaly. */

import { formatBytes } from '../../../format/bytes.ts';
import { lessShift } from '../../statistics.ts';
import {
  armName,
  decisive,
  fewestIterations,
  findArms,
  notTested,
  peakShift,
  queueOf,
  statusOfEffect,
  transientShift,
  wholeOf,
} from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const packedLayers: Rule = {
  id: 'packed-layers',
  statement: 'The quantized layers need more than dense ones in bfloat16.',
  part: 'always',
  judge(question) {
    const { evidence, facts, given } = question;
    if (facts.bits === undefined) {
      return {
        status: 'refuted',
        prediction: 'It has quantized layers.',
        arms: [armName(given)],
        sentence: `${facts.model} has no quantized layers.`,
        opposite: 'Quantized layers in its header.',
      };
    }
    const words = {
      prediction: 'With the rest in bfloat16, the peak falls when the quantized layers are stored dense.',
      opposite: 'The dense layers needing more at the peak, as they weigh more.',
    };
    const { model } = facts;
    const queue = queueOf(decisive(question).given);
    // Both sides with a bfloat16 rest, so that what is dense is as it is in the baseline.
    const hasFloat32 = (facts.restBytesByDtype['float32'] ?? 0) > 0;
    const named = findArms(evidence, [
      { model, intervention: hasFloat32 ? 'rest-bfloat16' : 'as-given', queue },
      { model, intervention: hasFloat32 ? 'dense-bfloat16' : 'dense', queue },
      { model, intervention: 'mlx-product', queue },
      { model, intervention: 'dense', queue },
    ]);
    const untested = notTested(named, words);
    const [packed, dense, product, expanded] = named.map(({ arm }) => arm);
    if (untested !== undefined) {
      return untested;
    }
    if (!packed || !dense || !product || !expanded) {
      throw new Error('packedLayers: an arm was found and is not there');
    }
    // What expanding them takes is a hypothesis of its own, and the same bytes are no part twice.
    const effect = lessShift(peakShift(packed, dense), transientShift(product, expanded));
    const status = statusOfEffect(effect, wholeOf(question) ?? Math.max(1, Math.abs(effect.estimate)));
    const size = formatBytes(Math.abs(effect.estimate));
    return {
      status,
      ...words,
      arms: [...new Set(named.map(({ name }) => name))],
      iterations: fewestIterations([packed, dense, product, expanded]),
      effectBytes: effect,
      sentence:
        effect.estimate > 0
          ? `The quantized layers took ${size} more at the peak than the same values stored dense in bfloat16.`
          : `The quantized layers took ${size} less at the peak than the same values stored dense in bfloat16: what quantization saves, and what an anomaly is larger by than it seems.`,
    };
  },
};
