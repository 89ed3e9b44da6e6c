/** Hypothesis: memory leaks from one iteration to the next, and the peak rises with it. */

import { formatBytes } from '../../../format/bytes.ts';
import { counted } from '../../../format/numbers.ts';
import { judgeChannel } from '../../leak-verdicts.ts';
import { armName } from '../verdict.ts';
import type { VerdictStatus } from '../../../protocol/study-document.ts';
import type { Rule } from '../verdict.ts';

export const leak: Rule = {
  id: 'leak',
  statement: 'Memory leaks, and the peak rises with it.',
  part: 'never',
  judge({ given }) {
    const { status, ratePerIteration, smallestDetectable, reason } = judgeChannel({
      channel: 'activeBytes',
      first: given.activeBytes,
    });
    const common = {
      prediction: 'Active memory rises from one iteration to the next.',
      arms: [armName(given)],
      opposite: 'Active memory rising in both halves of the run, and again in a run twice as long.',
    };
    if (smallestDetectable === undefined) {
      const verdict: VerdictStatus = 'inconclusive';
      return {
        ...common,
        status: verdict,
        sentence: `It is undetermined whether it leaks: ${reason ?? 'the series cannot be read'}.`,
      };
    }
    const growth = (given.activeBytes.at(-1) ?? 0) - (given.activeBytes[0] ?? 0);
    return {
      ...common,
      status: status === 'leak' ? 'supported' : 'refuted',
      sentence:
        growth === 0 && ratePerIteration === 0
          ? `Active memory did not grow by a byte over ${counted(given.activeBytes.length, 'iteration')}.`
          : `Active memory does not rise steadily; a leak of ${formatBytes(smallestDetectable)} per iteration would have been detected.`,
    };
  },
};
