/** What each channel of a run says about leaks, by the leak rule, in a closed set of answers. */

import { fewestIterations, isConfirmed, leakRule, readTrend, smallestDetectableSlope } from './leak-rule.ts';
import type { ChannelVerdict, LeakChannel, TrendReading } from '../protocol/leak-verdicts.ts';

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
}

/**
 * Whether a first run rises, so that a confirmation run is due. False for series that the rule cannot read, and where the
 * allocator's cache accounts for the rise.
 */
export function needsConfirmation({ channel, first, cacheBytes }: ChannelSeries): boolean {
  if (first.length < fewestIterations || !first.every(Number.isFinite)) {
    return false;
  }
  const reading = readTrend(first, channelThresholds[channel]);
  return reading.rising && !(channel === 'footprintBytes' && isCacheGrowth(reading, cacheBytes));
}

/** Applies the rule to one channel. Never throws: what it cannot read is inconclusive, and says why. */
export function judgeChannel(series: ChannelSeries): ChannelVerdict {
  const { channel, first: firstSeries, confirmation: confirmationSeries } = series;
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
      `it has ${firstSeries.length} measured iterations, and the rule needs ${fewestIterations}`,
    );
  }
  const threshold = channelThresholds[channel];
  const first = readTrend(firstSeries, threshold);
  if (!first.rising) {
    return {
      channel,
      status: isPlateau(firstSeries, first) ? 'plateau' : 'no-leak',
      ratePerIteration: first.slope,
      ...bound(firstSeries, threshold),
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
  if (confirmationSeries.length < leakRule.confirmationFactor * firstSeries.length) {
    return inconclusive('it rises, but the confirmation run was cut short', {
      first,
      ratePerIteration: first.slope,
    });
  }
  const confirmation = readTrend(confirmationSeries, threshold);
  if (isConfirmed(first, confirmation)) {
    return { channel, status: 'leak', ratePerIteration: confirmation.slope, first, confirmation };
  }
  return {
    channel,
    status: 'plateau',
    ratePerIteration: confirmation.slope,
    ...bound(confirmationSeries, threshold),
    first,
    confirmation,
  };
}

/** Absent where the series could hide any leak. */
function bound(series: readonly number[], threshold: number): Pick<ChannelVerdict, 'smallestDetectable'> {
  const smallestDetectable = smallestDetectableSlope(series, threshold);
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
