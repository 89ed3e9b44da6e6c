/** What a run says about leaks, as text: a sentence, and a table of the channels below it. */

import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { channelAmount, channelNames } from '@tidemark/shared/format/leak-channels.ts';
import { formatTable } from '@tidemark/shared/format/table.ts';
import type { TableColumn } from '@tidemark/shared/format/table.ts';
import type { ChannelVerdict, LeakStatus } from '@tidemark/shared/protocol/leak-verdicts.ts';

const columns: readonly TableColumn[] = [
  { header: 'leaks' },
  { header: 'verdict' },
  { header: 'growth an iteration', align: 'right' },
  { header: 'would have shown from', align: 'right' },
];

export const statusWords: Readonly<Record<LeakStatus, string>> = {
  leak: 'LEAK',
  'no-leak': 'no leak',
  'cache-growth': 'cache growth',
  plateau: 'plateau',
  inconclusive: 'inconclusive',
};

const nothing = '–';

/** Without a table where the rule could read none of the channels: the sentence says why. */
export function leakReport(leaks: readonly ChannelVerdict[]): string[] {
  return leaks.every(({ first }) => first === undefined)
    ? [leakSentence(leaks)]
    : [leakSentence(leaks), '', formatTable(columns, leaks.map(row))];
}

function row({ channel, status, ratePerIteration, smallestDetectable, first }: ChannelVerdict): string[] {
  return [
    channelNames[channel],
    statusWords[status],
    first === undefined ? nothing : channelAmount(channel, ratePerIteration, { sign: true }),
    smallestDetectable === undefined ? nothing : channelAmount(channel, smallestDetectable),
  ];
}
