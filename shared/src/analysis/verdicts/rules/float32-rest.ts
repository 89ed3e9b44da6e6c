/** Hypothesis: the layers that cannot be quantized were left in float32, and weigh more than all that was saved. */

import { formatBytes } from '../../../format/bytes.ts';
import { armName, decisive, judgeByIntervention } from '../verdict.ts';
import type { Rule } from '../verdict.ts';

export const float32Rest: Rule = {
  id: 'float32-rest',
  statement: 'Float32 was left in the layers that cannot be quantized.',
  part: 'always',
  judge(question) {
    const { facts } = question;
    const { given } = decisive(question);
    const rest = facts.restBytesByDtype['float32'] ?? 0;
    if (rest === 0) {
      return {
        status: 'refuted',
        prediction: 'Its header has float32 tensors.',
        arms: [armName(given)],
        sentence: `${facts.model} has no float32 tensors, so they cannot cause its peak.`,
        opposite: 'Float32 tensors in its header.',
      };
    }
    return judgeByIntervention(question, {
      intervention: 'rest-bfloat16',
      prediction: `With those layers in bfloat16 the peak falls by about half of their bytes, ${formatBytes(rest / 2)}.`,
      opposite: 'The arm with a bfloat16 rest peaking as high as the model as given.',
      changesBaseline: false,
      wholeWithoutAnomaly: rest / 2,
      sentence: (effect, status, arm) => {
        const loaded = formatBytes(given.loadedBytes - arm.loadedBytes);
        return status === 'supported'
          ? `Casting the unquantized layers to bfloat16 took ${formatBytes(effect.estimate)} off the peak, and ${loaded} off what is loaded.`
          : `Casting the unquantized layers to bfloat16 took ${loaded} off what is loaded, but only ${formatBytes(effect.estimate)} off the peak.`;
      },
    });
  },
};
