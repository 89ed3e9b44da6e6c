/** Hypothesis: the peak is one of loading, read as if it were one of speaking. */

import { formatBytes } from '../../../format/bytes.ts';
import { armName, medianOf } from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const loadTransient: Rule = {
  id: 'load-transient',
  statement: 'The peak comes from loading the weights.',
  part: 'never',
  judge({ given, isAnomaly }) {
    const peak = medianOf(given.peakBytes);
    const stillThere = peak >= given.loadPeakBytes || isAnomaly;
    return {
      status: stillThere ? 'refuted' : 'supported',
      prediction: 'With the peak reset after loading, no difference is left.',
      arms: [armName(given)],
      sentence:
        `Loading peaked at ${formatBytes(given.loadPeakBytes)}; the peak was then reset, and synthesis alone reached ` +
        `${formatBytes(peak)}.`,
      opposite: 'A peak during the iterations below the loading peak, and no higher than the baseline’s.',
    };
  },
};
