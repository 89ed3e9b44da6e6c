/** What each channel of a run says about leaks by the leak rule, and what all channels and all runs say together. */

import type { LeakSummary, RunRecord } from '../protocol/daemon/run-record.ts';
import { leakChannels } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel, TrendReading } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import {
  confirmationLength,
  fewestIterations,
  isConfirmed,
  leakRule,
  readTrend,
  smallestDetectableSlope,
} from './leak-rule.ts';

/**
 * Growth per iteration that a channel may show without any leak, in its own unit. In clean runs of 120 iterations (bf16, the
 * CPU backend on Linux) MLX's counter, tensors and descriptors did not move by one, and the heap stayed constant to the byte
 * from the third iteration on. The footprint moved by up to 0.4 MB from one to the next; of all its windows of 15 iterations,
 * the one that rose most had a slope whose lower bound was 12,288 bytes.
 */
export const channelThresholds: Readonly<Record<LeakChannel, number>> = {
  activeBytes: 0,
  footprintBytes: 32_768,
  /** Less than an object with anything in it. */
  heapBytes: 64,
  liveTensors: 0,
  undisposedTensors: 0,
  openFileDescriptors: 0,
};

export interface ChannelSeries {
  readonly channel: LeakChannel;
  /** Measured iterations in order, the warm-up dropped. */
  readonly first: readonly number[];
  /** The iterations of the confirmation run, where one was made; they follow the first ones in the same process. */
  readonly confirmation?: readonly number[];
  /** The allocator's cache after each iteration of `first`, before it was cleared. */
  readonly cacheBytes?: readonly number[];
  /** Which of several texts each iteration said, of `first` and of `confirmation`; absent where all said the same. */
  readonly texts?: readonly number[];
  readonly confirmationTexts?: readonly number[];
}

/**
 * Whether a first run rises, so that a confirmation run is due. False for series that the rule cannot read, and where the
 * allocator's cache accounts for the rise.
 */
export function needsConfirmation({ channel, first, cacheBytes, texts }: ChannelSeries): boolean {
  if (first.length < fewestIterations || !first.every(Number.isFinite)) {
    return false;
  }
  const reading = readTrend(first, channelThresholds[channel], texts);
  return reading.rising && !(channel === 'footprintBytes' && isCacheGrowth(reading, cacheBytes));
}

/** Applies the rule to one channel. Never throws: what it cannot read is inconclusive, and says why. */
export function judgeChannel(series: ChannelSeries): ChannelVerdict {
  const { channel, first: firstSeries, confirmation: confirmationSeries, texts, confirmationTexts } = series;
  const inconclusive = (reason: string, readings: Partial<ChannelVerdict> = {}): ChannelVerdict => ({
    channel,
    status: 'inconclusive',
    ratePerIteration: 0,
    reason,
    ...readings,
  });
  if (![...firstSeries, ...(confirmationSeries ?? [])].every(Number.isFinite)) {
    return inconclusive('a sample is not a number');
  }
  if (firstSeries.length < fewestIterations) {
    return inconclusive(
      `there are ${firstSeries.length} measured iterations, and the rule needs at least ${fewestIterations}`,
    );
  }
  const threshold = channelThresholds[channel];
  const first = readTrend(firstSeries, threshold, texts);
  if (!first.rising) {
    return {
      channel,
      status: isPlateau(firstSeries, first) ? 'plateau' : 'no-leak',
      ratePerIteration: first.slope,
      ...bound(firstSeries, threshold, texts),
      first,
    };
  }
  if (channel === 'footprintBytes' && isCacheGrowth(first, series.cacheBytes)) {
    return { channel, status: 'cache-growth', ratePerIteration: first.slope, first };
  }
  if (confirmationSeries === undefined) {
    return inconclusive('it rises, but no confirmation run was made', {
      first,
      ratePerIteration: first.slope,
    });
  }
  if (confirmationSeries.length < confirmationLength(firstSeries.length, new Set(texts).size)) {
    return inconclusive('it rises, but the confirmation run was cut short', {
      first,
      ratePerIteration: first.slope,
    });
  }
  const confirmation = readTrend(confirmationSeries, threshold, confirmationTexts);
  if (isConfirmed(first, confirmation, confirmationTexts)) {
    return { channel, status: 'leak', ratePerIteration: confirmation.slope, first, confirmation };
  }
  return {
    channel,
    status: 'plateau',
    ratePerIteration: confirmation.slope,
    ...bound(confirmationSeries, threshold, confirmationTexts),
    first,
    confirmation,
  };
}

/** Absent where the series could hide any leak. */
function bound(
  series: readonly number[],
  threshold: number,
  texts: readonly number[] | undefined,
): Pick<ChannelVerdict, 'smallestDetectable'> {
  const smallestDetectable = smallestDetectableSlope(series, threshold, texts);
  return Number.isFinite(smallestDetectable) ? { smallestDetectable } : {};
}

/** Grew over the whole, by more than the noise, but not in its second half. */
function isPlateau(series: readonly number[], reading: TrendReading): boolean {
  const grew = (series.at(-1) ?? 0) > (series[0] ?? 0);
  return grew && reading.pValue < leakRule.overallPValue && reading.secondHalfPValue >= leakRule.halfPValue;
}

/** The cache rises too, by half of the channel's slope at least: what grew is memory that clearing gives back. */
function isCacheGrowth(reading: TrendReading, cacheBytes: readonly number[] | undefined): boolean {
  if (cacheBytes === undefined || cacheBytes.length !== reading.count || !cacheBytes.every(Number.isFinite)) {
    return false;
  }
  const cache = readTrend(cacheBytes, 0);
  return cache.rising && cache.slope >= 0.5 * reading.slope;
}

interface LeakRun {
  /** As many as were measured, the warm-up included. */
  readonly iterations: readonly IterationSample[];
  /** How many measured ones were asked for: with fewer, the run ended early. */
  readonly iterationsAsked: number;
  /** The confirmation run's, as many as were measured; absent where none was begun. */
  readonly confirmation?: readonly IterationSample[] | undefined;
  /** Whether MLX's cache was kept from one iteration to the next, and the limit that it had. */
  readonly keepCache?: boolean;
  readonly cacheLimitBytes?: number;
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
    ...textsOf('texts', measured),
    ...textsOf('confirmationTexts', confirmation ?? []),
  };
}

/** Nothing where any iteration does not say which text it said. */
function textsOf(
  name: 'texts' | 'confirmationTexts',
  samples: readonly IterationSample[],
): Pick<ChannelSeries, 'texts' | 'confirmationTexts'> {
  const texts = samples.flatMap(({ textIndex }) => textIndex ?? []);
  return samples.length > 0 && texts.length === samples.length ? { [name]: texts } : {};
}

/** As a clause. */
function endedEarly({ iterations, iterationsAsked }: LeakRun): string | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup).length;
  return measured < iterationsAsked
    ? `the run ended after ${measured} of ${iterationsAsked} iterations`
    : undefined;
}

/**
 * Undefined where no channel was judged.
 *
 * One channel that leaks is a leak. `no-leak` is said only where active memory was judged, with a bound below which it
 * could hide something, and where no other channel is open: a leak of native memory shows in the footprint alone, so a
 * footprint that rises without a finished confirmation takes the certainty from the whole run.
 *
 * A plateau is no leak: the rule asked for a rise that lasts and did not find one, and its bound holds for what came after
 * the growth. Growth of the allocator's cache is no leak either: it is bounded by MLX's limit and can be given back. Were
 * it said of active memory, which has no cache in it, it would say nothing about active memory, so that is inconclusive.
 */
export function summarizeLeaks(verdicts: readonly ChannelVerdict[]): LeakSummary | undefined {
  if (verdicts.length === 0) {
    return undefined;
  }
  if (verdicts.some(({ status }) => status === 'leak')) {
    return 'leak';
  }
  const active = verdicts.find(({ channel }) => channel === 'activeBytes');
  const activeIsClean =
    active?.smallestDetectable !== undefined && (active.status === 'no-leak' || active.status === 'plateau');
  return activeIsClean && verdicts.every(({ status }) => status !== 'inconclusive')
    ? 'no-leak'
    : 'inconclusive';
}

/**
 * Of a study: a leak where any model leaks; none where every run says so and none is missing. Undefined where nothing was
 * judged.
 */
export function summarizeLeaksOf(document: RunDocument): LeakSummary | undefined {
  if (document.kind === 'profile') {
    return summarizeLeaks(document.leaks ?? []);
  }
  const summaries = document.runs.map(({ leaks = [] }) => summarizeLeaks(leaks));
  if (summaries.every((summary) => summary === undefined)) {
    return undefined;
  }
  if (summaries.includes('leak')) {
    return 'leak';
  }
  const everyModel = document.failures.length === 0 && document.skipped.length === 0;
  return everyModel && summaries.every((summary) => summary === 'no-leak') ? 'no-leak' : 'inconclusive';
}

/**
 * Whether a run of this machine was a leak check: a complete profile that was judged and could be, because a schedule asked
 * for it, or because it was long enough for the rule to decide. A shorter one is a run, and so is a study, whose models are
 * each measured in a process of their own for the sake of their peaks.
 */
export const isLeakCheck = ({ kind, state, trigger, iterations, leak }: RunRecord): boolean =>
  kind === 'profile' &&
  state === 'complete' &&
  leak !== undefined &&
  (trigger.kind === 'schedule' || (trigger.kind === 'request' && iterations >= fewestIterations));
