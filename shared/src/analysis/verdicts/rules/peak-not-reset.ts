/** Hypothesis: the peak was never reset, so a later model shows what an earlier one reached. */

import { formatBytes } from '../../../format/bytes.ts';
import { armName, medianOf, noticeableShare } from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const peakNotReset: Rule = {
  id: 'peak-not-reset',
  statement: 'The peak was read without a reset between models.',
  part: 'never',
  judge({ evidence, facts, given, baseline, difference, isAnomaly }) {
    const prediction = `Read after ${baseline.model} in one process without a reset, it shows at least ${baseline.model}'s peak.`;
    const opposite = 'The same reading alone and after another model.';
    const sequence = evidence.unreset.find(
      ({ readings }) =>
        readings[0]?.model === baseline.model && readings.some(({ model }) => model === facts.model),
    );
    const reading = sequence?.readings.find(({ model }) => model === facts.model);
    const arms = [armName(given), `${baseline.model}, then ${facts.model}, never reset`];
    if (reading === undefined) {
      return {
        status: 'not-tested',
        prediction,
        arms,
        sentence: `The study did not run ${facts.model} after ${baseline.model} without a reset.`,
        opposite,
      };
    }
    const alone = medianOf(given.peakBytes);
    const gap = reading.peakBytes - medianOf(baseline.peakBytes);
    const shown =
      `Alone it peaks at ${formatBytes(alone)}; read after ${baseline.model} without a reset, it shows ` +
      formatBytes(reading.peakBytes);
    // A reading of the same peak may wobble by as much as two runs of one model do.
    const inverts = difference.high < 0 && gap >= -noticeableShare * medianOf(baseline.peakBytes);
    return {
      // Every peak of this study was reset, so a difference that it found is none of this kind.
      status: isAnomaly ? 'refuted' : inverts ? 'supported' : 'refuted',
      prediction,
      arms,
      sentence: inverts
        ? `${shown}: a model that peaks ${formatBytes(-difference.estimate)} lower than ${baseline.model} appears no lower. Peaks read this way show an anomaly that does not exist.`
        : `${shown}. This study reset the peak before each iteration, so this cannot cause the difference.`,
      opposite,
    };
  },
};
