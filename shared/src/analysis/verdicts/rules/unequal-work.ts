/** Hypothesis: quantized prosody predicts other durations, so the model makes more audio from the same text. */

import { formatBytes } from '../../../format/bytes.ts';
import { counted, formatCount } from '../../../format/numbers.ts';
import { decisive, judgeByIntervention, medianOf } from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const unequalWork: Rule = {
  id: 'unequal-work',
  statement: 'The quantized model speaks the same text at a different length, so it does different work.',
  part: 'always',
  judge(question) {
    const { given, baseline, difference } = decisive(question);
    const own = medianOf(given.samples);
    const reference = medianOf(baseline.samples);
    return judgeByIntervention(question, {
      intervention: 'frozen-durations',
      prediction: `With ${baseline.model}'s durations replayed, both make the same audio and the difference shrinks.`,
      opposite: 'The difference staying as it is when both make the same audio.',
      changesBaseline: false,
      wholeWithoutAnomaly: Math.max(1, Math.abs(difference.estimate)),
      sentence: (effect) => {
        const length =
          own === reference
            ? 'the same length'
            : `a length of ${counted(own, 'sample')} instead of ${formatCount(reference)}`;
        const way = effect.estimate >= 0 ? 'added' : 'saved';
        return `It speaks the text at ${length}; that alone ${way} ${formatBytes(Math.abs(effect.estimate))} at the peak.`;
      },
    });
  },
};
