/** Whether the leak rule did with a plant as it should: found it where it was planted, at its rate, and called nothing else. */

import { channelAmount, channelNames } from '../format/leak-channels.ts';
import { formatPercent } from '../format/numbers.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import { rateTolerance } from '../protocol/selftest-document.ts';
import type { PlantResult } from '../protocol/selftest-document.ts';

export interface PlantExpectation {
  /** Where the leak must be found; absent for what is no leak. */
  readonly channel?: LeakChannel;
  /** Where it may be called a leak besides. */
  readonly alsoIn: readonly LeakChannel[];
  /** What was planted in that channel, per iteration. */
  readonly plantedRate?: number;
}

export type PlantJudgement = Pick<PlantResult, 'result' | 'reason' | 'measuredRate'>;

/** A false alarm weighs most: it says that nothing else that the rule says can be relied on. */
export function judgePlant(
  { channel, alsoIn, plantedRate = 0 }: PlantExpectation,
  leaks: readonly ChannelVerdict[],
): PlantJudgement {
  const verdict = leaks.find((each) => each.channel === channel);
  const measured = verdict?.status === 'leak' ? { measuredRate: verdict.ratePerIteration } : {};
  const [alarm] = leaks.filter(
    (each) => each.status === 'leak' && each.channel !== channel && !alsoIn.includes(each.channel),
  );
  if (alarm !== undefined) {
    const rate = channelAmount(alarm.channel, alarm.ratePerIteration);
    return {
      result: 'false-alarm',
      reason: `The rule calls a leak of ${rate} an iteration in ${channelNames[alarm.channel]}, where none was planted.`,
      ...measured,
    };
  }
  if (channel === undefined) {
    const [unread] = leaks.filter(({ status }) => status === 'inconclusive');
    return unread === undefined
      ? { result: 'as-expected' }
      : {
          result: 'failed',
          reason: `What ${channelNames[unread.channel]} says is inconclusive: ${unread.reason ?? 'it cannot be read'}.`,
        };
  }
  if (verdict?.status !== 'leak') {
    const found = verdict === undefined ? 'not judged' : `called “${verdict.status}”`;
    const why = verdict?.reason === undefined ? '' : `: ${verdict.reason}`;
    return { result: 'missed', reason: `In ${channelNames[channel]} it is ${found}${why}.` };
  }
  const error = verdict.ratePerIteration / plantedRate - 1;
  return Math.abs(error) <= rateTolerance
    ? { result: 'as-expected', ...measured }
    : {
        result: 'wrong-rate',
        reason: `The measured rate is ${formatPercent(error, { sign: true })} from the planted one.`,
        ...measured,
      };
}
