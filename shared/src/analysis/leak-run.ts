/** Asks the leak rule about every channel of one run. */

import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { judgeChannel, needsConfirmation } from './leak-verdict.ts';
import type { ChannelSeries } from './leak-verdict.ts';

export interface LeakRun {
  /** As many as were measured, the warm-up included. */
  readonly iterations: readonly IterationSample[];
  /** How many measured ones were asked for: with fewer, the run ended early. */
  readonly iterationsAsked: number;
  /** The confirmation run's, as many as were measured; absent where none was begun. */
  readonly confirmation?: readonly IterationSample[] | undefined;
}

/** The channels that rise in a first run, for which a confirmation run is due. None where the run ended early. */
export function channelsToConfirm(run: LeakRun): LeakChannel[] {
  return endedEarly(run) === undefined
    ? leakChannels.filter((channel) => needsConfirmation(seriesOf(channel, run)))
    : [];
}

/**
 * Every channel's verdict, in the order of {@link leakChannels}. A run that ended early has none: what ended it may have
 * to do with its memory, and a rule of N iterations has the error rates of N.
 */
export function judgeRun(run: LeakRun): ChannelVerdict[] {
  const reason = endedEarly(run);
  return leakChannels.map((channel) =>
    reason === undefined
      ? judgeChannel(seriesOf(channel, run))
      : { channel, status: 'inconclusive', ratePerIteration: 0, reason },
  );
}

function seriesOf(channel: LeakChannel, { iterations, confirmation }: LeakRun): ChannelSeries {
  const measured = iterations.filter(({ warmup }) => !warmup);
  return {
    channel,
    first: measured.map((sample) => sample[channel]),
    cacheBytes: measured.map(({ cacheBytes }) => cacheBytes),
    ...(confirmation === undefined ? {} : { confirmation: confirmation.map((sample) => sample[channel]) }),
  };
}

/** As a clause. */
function endedEarly({ iterations, iterationsAsked }: LeakRun): string | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup).length;
  return measured < iterationsAsked
    ? `the run ended after ${measured} of ${iterationsAsked} iterations`
    : undefined;
}
