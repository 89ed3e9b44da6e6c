/** What each channel of a run says about leaks by the leak rule, and what all channels and all runs say together. */

import { counted } from '../format/numbers.ts';
import type { LeakSummary, RunRecord } from '../protocol/daemon/run-record.ts';
import { cacheChannel, leakChannels, pythonChannel, pythonHeapChannel } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict, LeakChannel, TrendReading } from '../protocol/leak-verdicts.ts';
import type { IterationSample } from '../protocol/profile-document.ts';
import { runsOf } from '../protocol/run-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { studiesOf } from '../protocol/study-document.ts';
import type { CacheRun } from './cache-growth.ts';
import { cacheRemedies } from './cache-remedies.ts';
import { cacheNeedsConfirmation, judgeCache } from './cache-rule.ts';
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
  liveArrays: 0,
  trackedObjects: 0,
  /** As of the heap. */
  pythonHeapBytes: 64,
  cacheBytes: 0,
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
  /** Whether MLX's cache was kept from one iteration to the next: then it is a channel of its own. */
  readonly keepCache?: boolean | undefined;
  /** What the cache may hold, and whether that was asked for; otherwise it is MLX's own limit. */
  readonly cacheLimitBytes?: number | undefined;
  readonly cacheLimitAsked?: boolean | undefined;
}

/** The channels that rise in a first run, for which a confirmation run is due. None where the run ended early. */
export function channelsToConfirm(run: LeakRun): LeakChannel[] {
  if (endedEarly(run) !== undefined) {
    return [];
  }
  const channels = channelsOf(run).filter((channel) => needsConfirmation(seriesOf(channel, run)));
  return run.keepCache === true && cacheNeedsConfirmation(cacheRunOf(run))
    ? [...channels, cacheChannel]
    : channels;
}

/**
 * Every channel's verdict, in the order of {@link judgedChannels}. A run that ended early has none: what ended it may have
 * to do with its memory, and a rule of N iterations has the error rates of N.
 */
export function judgeRun(run: LeakRun): ChannelVerdict[] {
  const reason = endedEarly(run);
  const channels =
    run.keepCache === true ? [...channelsOf(run), cacheChannel as RunChannel] : channelsOf(run);
  if (reason !== undefined) {
    return channels.map((channel) => ({ channel, status: 'inconclusive', ratePerIteration: 0, reason }));
  }
  return channels.map((channel) => {
    if (channel === cacheChannel) {
      return judgeKeptCache(run);
    }
    const verdict = judgeChannel(seriesOf(channel, run));
    return channel === 'footprintBytes' && isWithoutCache(run) ? { ...verdict, withoutCache: true } : verdict;
  });
}

/** Of a run of an engine's; a watched program has others. */
type RunChannel = Exclude<LeakChannel, 'liveArrays'>;

/** All but a kept cache. */
const channelsOf = ({ iterations }: LeakRun): RunChannel[] => [
  ...leakChannels,
  ...([pythonChannel, pythonHeapChannel] as const).filter((channel) =>
    iterations.some((sample) => channel in sample),
  ),
];

function judgeKeptCache(run: LeakRun): ChannelVerdict {
  const verdict = judgeCache(cacheRunOf(run));
  const said = { warmup: run.iterations.filter(({ warmup }) => warmup), measured: measuredOf(run) };
  return verdict.cache === undefined
    ? verdict
    : { ...verdict, cache: { ...verdict.cache, ...cacheRemedies(said, verdict.status) } };
}

const measuredOf = ({ iterations }: LeakRun): IterationSample[] => iterations.filter(({ warmup }) => !warmup);

const cacheRunOf = (run: LeakRun): CacheRun => ({
  first: measuredOf(run),
  confirmation: run.confirmation,
  limitBytes: run.cacheLimitBytes,
  limitAsked: run.cacheLimitAsked,
});

function seriesOf(channel: RunChannel, run: LeakRun): ChannelSeries {
  const { confirmation } = run;
  const of =
    channel === 'footprintBytes' && isWithoutCache(run)
      ? withoutCache
      : (sample: IterationSample): number => sample[channel] ?? Number.NaN;
  const measured = measuredOf(run);
  return {
    channel,
    first: measured.map(of),
    ...(of === withoutCache ? {} : { cacheBytes: measured.map(({ cacheBytes }) => cacheBytes) }),
    ...(confirmation === undefined ? {} : { confirmation: confirmation.map(of) }),
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

const withoutCache = ({ footprintBytes, cacheBytes }: IterationSample): number => footprintBytes - cacheBytes;

/**
 * Whether the footprint is judged less the cache: where that was kept on purpose and lies in the process. It does in main
 * memory, where the footprint was the cache and 290 to 318 MB while the cache grew from 0.7 to 10 GB (bf16, the CPU backend on
 * Linux), and does not in a graphics card's own. What tells is which of the two moves less from one iteration to the next.
 */
function isWithoutCache(run: LeakRun): boolean {
  const measured = measuredOf(run);
  const movement = (of: (sample: IterationSample) => number): number =>
    measured
      .slice(1)
      .reduce((sum, sample, place) => sum + Math.abs(of(sample) - of(measured[place] ?? sample)), 0);
  return run.keepCache === true && movement(withoutCache) < movement(({ footprintBytes }) => footprintBytes);
}

/** As a clause. */
function endedEarly({ iterations, iterationsAsked }: LeakRun): string | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup).length;
  return measured < iterationsAsked
    ? `the run ended after ${measured} of ${counted(iterationsAsked, 'iteration')}`
    : undefined;
}

/** A leak, or a kept cache that grows without end: what takes memory from a process for as long as it lives. */
export const isLeaking = ({ status }: Pick<ChannelVerdict, 'status'>): boolean =>
  status === 'leak' || status === 'grows';

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
  if (verdicts.some(isLeaking)) {
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
  if (document.kind !== 'study') {
    return summarizeLeaks(document.leaks ?? []);
  }
  const studies = studiesOf(document);
  const summaries = runsOf(document).map(({ leaks = [] }) => summarizeLeaks(leaks));
  if (summaries.every((summary) => summary === undefined)) {
    return undefined;
  }
  if (summaries.includes('leak')) {
    return 'leak';
  }
  const everyModel = studies.every(({ failures, skipped }) => failures.length === 0 && skipped.length === 0);
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
