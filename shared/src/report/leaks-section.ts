/** What each channel of a run says about leaks. */

import { channelAmount, channelNames } from '../format/leak-channels.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import { paragraph, table } from './markup.ts';
import { leakStatusMark } from './status.ts';
import { none, plural } from './words.ts';

/** Markup. */
export const leaksTable = (leaks: readonly ChannelVerdict[]): string =>
  table(
    [
      { title: 'channel' },
      { title: 'verdict' },
      { title: 'growth per iteration', numeric: true },
      { title: 'what it says' },
    ],
    leaks.map((verdict) => [
      channelNames[verdict.channel],
      { markup: leakStatusMark(verdict.status) },
      verdict.status === 'inconclusive' && verdict.first === undefined
        ? none
        : channelAmount(verdict.channel, verdict.ratePerIteration, { sign: true }),
      channelSentence(verdict),
    ]),
  ) +
  paragraph(
    'A leak is called where a series rises overall and in each half by itself, and again in a confirmation run of twice the length.',
    'muted',
  );

function channelSentence(verdict: ChannelVerdict): string {
  const { channel, status, ratePerIteration, smallestDetectable, first, confirmation, reason } = verdict;
  const bound =
    smallestDetectable === undefined
      ? ''
      : `No leak above ${channelAmount(channel, smallestDetectable)} per iteration.`;
  switch (status) {
    case 'leak':
      return `Rises by ${channelAmount(channel, ratePerIteration)} per iteration${
        confirmation === undefined ? '' : `, and did again over ${plural(confirmation.count, 'iteration')}`
      }.`;
    case 'no-leak':
      return bound === '' ? 'No leak.' : bound;
    case 'plateau':
      return `Grew at first, then stayed. ${bound}`.trim();
    case 'cache-growth':
      return 'Rises with the allocator’s cache, which can be given back.';
    case 'inconclusive':
      return `Nothing can be said: ${reason ?? 'the series cannot be read'}${
        first?.rising === true ? '; a longer run would tell' : ''
      }.`;
  }
}
