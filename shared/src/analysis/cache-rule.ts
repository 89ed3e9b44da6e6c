/** What the allocator's cache does where a run keeps it: whether it grows, with what, and where that ends. */

import type { CacheReading, ChannelVerdict } from '../protocol/leak-verdicts.ts';
import { cacheChannel } from '../protocol/leak-verdicts.ts';
import { bytesOf, growthOf, isNew } from './cache-growth.ts';
import type { CacheRun, CacheSample, Growth } from './cache-growth.ts';
import {
  fewestIterations,
  isConfirmed,
  leakRule,
  noiseDeviation,
  readTrend,
  smallestDetectableSlope,
} from './leak-rule.ts';
import { mannKendall, median, ratioOf, sorted } from './statistics.ts';

/** Bounds of the rule. The error rates that they give are measured in cache-rule.test.ts. */
export const cacheRule = {
  /** A cache is at its limit where the median of the last third is this share of it or more: MLX trims it by whole buffers. */
  atLimit: 0.95,
  /** Growth is over where what goes on is, with 95% confidence, below this share of what a new shape added before. */
  settledShare: 0.1,
  /**
   * New shapes have come to an end with so many iterations without one, which are so many times the longest such stretch
   * before; or with so small a share of them in the second half, of five or more with one. They go on with this share of them
   * there, or more.
   */
  fewestSeen: 5,
  stretches: 2,
  lateShapes: 0.1,
  goingOnShapes: 0.25,
  /** So many iterations with new shapes tell whether what they add becomes less. */
  fewestNew: 10,
  /** A level that moved by less is constant, unless it rises by a test of this level, which noise that remembers seldom passes. */
  noticeableShare: 0.02,
  grownPValue: 0.0005,
  /** From so many iterations without new shapes on, the later ones can bear out what the first third of them shows. */
  selfConfirming: 30,
} as const;

/** Whether only more iterations can tell if the cache grows on shapes that were said before. */
export const cacheNeedsConfirmation = (run: CacheRun): boolean =>
  run.confirmation === undefined && judgeCache(run).reason === unconfirmed;

const unconfirmed = 'it rises on lengths that were said before, but no confirmation run was made';

/**
 * Applies the rule. Never throws: what it cannot read is inconclusive, and says why. In this order:
 *
 * 1. Fewer than 10 measured iterations, or a NaN: inconclusive.
 * 2. The median of the last third is at least 95% of the limit in force: bounded.
 * 3. It does not rise (Mann and Kendall's test, p < 0.0005) and ended within noise and 2% of where it began: constant.
 * 4. Iterations without a new shape rise by the leak rule, and again in the confirmation run: grows, on shapes said before. Ten
 *    of them in a row are read as a series; where new shapes lie between them, each by what it added.
 * 5. New shapes have ended, and an iteration without one adds less than a tenth of what a new shape added: levels off.
 * 6. New shapes go on. What they add per second of audio in their second half is, against their first half: at least half
 *    of it and certainly above nothing: grows, with new shapes; certainly less than a tenth of it: levels off. A limit that was
 *    asked for and not yet reached makes growth inconclusive.
 * 7. All else is inconclusive.
 *
 * A share of 95% and "certainly" mean the bounds of 95% intervals.
 */
export function judgeCache(run: CacheRun): ChannelVerdict {
  const { first, confirmation = [], limitBytes, limitAsked = false } = run;
  const levels = bytesOf(first);
  const start = first[0]?.cacheBeforeBytes ?? levels[0] ?? 0;
  const isReadable = [...levels, ...bytesOf(confirmation), start].every(Number.isFinite);
  const inconclusive = (reason: string, rest: Partial<ChannelVerdict> = {}): ChannelVerdict => ({
    channel: cacheChannel,
    status: 'inconclusive',
    ratePerIteration: 0,
    reason,
    ...rest,
  });
  if (!isReadable) {
    return inconclusive('a sample is not a number');
  }
  if (levels.length < fewestIterations) {
    return inconclusive(
      `there are ${levels.length} measured iterations, and the rule needs at least ${fewestIterations}`,
    );
  }
  const growth = growthOf(run, start);
  const level = median(sorted(levels.slice(-Math.floor(levels.length / 3))));
  const reading: CacheReading = {
    firstBytes: start,
    lastBytes: levels.at(-1) ?? start,
    highestBytes: Math.max(...levels),
    ...(limitBytes === undefined ? {} : { limitBytes, limitAsked }),
    newShapes: first.reduce((sum, { newShapes = 0 }) => sum + newShapes, 0),
    seenIterations: first.filter((sample) => !isNew(sample)).length,
    ...growth.rates,
  };
  const common = {
    channel: cacheChannel,
    ratePerIteration: growth.rates.perIteration?.estimate ?? 0,
    first: readTrend(levels, 0),
  } as const;
  const levelBytes = Math.round(level);
  const settled = (
    status: 'bounded' | 'constant' | 'levels-off',
    over: readonly number[],
  ): ChannelVerdict => ({
    ...common,
    status,
    ...bound(over),
    cache: { ...reading, levelBytes },
  });
  const open = (reason: string): ChannelVerdict => inconclusive(reason, { ...common, cache: reading });
  const grows = (cause: 'new-shapes' | 'seen-shapes', slope: number): ChannelVerdict => ({
    ...common,
    status: 'grows',
    ratePerIteration: slope,
    cache: { ...reading, cause },
  });

  if (limitBytes !== undefined && level >= cacheRule.atLimit * limitBytes) {
    return settled('bounded', levels);
  }
  if (!hasGrown(levels, start, level)) {
    return settled('constant', levels);
  }
  const seen = seenTrend(run, growth);
  const shapes = courseOfShapes(first);
  switch (seen.course) {
    case 'rises':
      return grows('seen-shapes', seen.slope);
    case 'unconfirmed':
      return open(unconfirmed);
    case 'rests':
      if (shapes.hasEnded) {
        return settled('levels-off', seen.levels);
      }
      break;
    case 'unclear':
      if (shapes.hasEnded) {
        return open('its noise hides whether it still grows on lengths that were said before');
      }
  }
  const course = newShapesCourse(growth, shapes.goesOn);
  switch (course) {
    case 'few':
      return open(
        `it grows with new lengths, but only ${growth.added.length} of the iterations had one, and the rule needs ${cacheRule.fewestNew} to tell whether that ends`,
      );
    case 'goes-on':
      return limitAsked && limitBytes !== undefined
        ? open('it grows with new lengths and has not reached its limit')
        : grows('new-shapes', common.ratePerIteration);
    case 'ends':
      return settled('levels-off', []);
    case 'slows':
      return open('it grows with new lengths, by less than at first, but has not leveled off');
  }
}

/** Absent where so short a series, or one of such noise, could hide any growth. */
function bound(levels: readonly number[]): Pick<ChannelVerdict, 'smallestDetectable'> {
  const smallestDetectable =
    levels.length < fewestIterations ? Number.POSITIVE_INFINITY : smallestDetectableSlope(levels, 0);
  return Number.isFinite(smallestDetectable) ? { smallestDetectable } : {};
}

/** Whether new shapes ceased to come, or come as before. */
function courseOfShapes(first: readonly CacheSample[]): { hasEnded: boolean; goesOn: boolean } {
  const places = first.flatMap((sample, place) => (isNew(sample) ? [place] : []));
  const stretches = places.map((place, order) => place - (places[order - 1] ?? place) - 1);
  const longest = Math.max(0, ...stretches);
  const last = first.length - 1 - (places.at(-1) ?? -1);
  const late = places.filter((place) => place >= first.length / 2).length;
  const few = Math.max(cacheRule.lateShapes * places.length, places.length >= cacheRule.fewestSeen ? 1 : 0);
  return {
    hasEnded: last >= Math.max(cacheRule.fewestSeen, cacheRule.stretches * longest) || late <= few,
    goesOn: late >= cacheRule.goingOnShapes * places.length,
  };
}

/** What the iterations since the last new shape ended with, and before them what that one did. */
function tailOf(first: readonly CacheSample[]): CacheSample[] {
  return first.slice(Math.max(0, first.findLastIndex(isNew)));
}

/** Whether the series rises, or its end lies further above its start than noise and 2% of it. */
function hasGrown(levels: readonly number[], start: number, level: number): boolean {
  const margin = Math.max(cacheRule.noticeableShare * level, 4 * noiseDeviation(levels));
  return mannKendall(levels).pValue < cacheRule.grownPValue || level - start > margin;
}

interface SeenTrend {
  readonly course: 'rises' | 'unconfirmed' | 'rests' | 'unclear';
  /** Per iteration. */
  readonly slope: number;
  /** What it was read from; empty where new shapes lie between. */
  readonly levels: readonly number[];
}

/** What the cache does in iterations that say nothing new. */
function seenTrend({ first, confirmation = [] }: CacheRun, growth: Growth): SeenTrend {
  const tail = bytesOf(tailOf(first));
  const levels = [...tail, ...bytesOf(confirmation)];
  const perNew = growth.rates.perNewShape?.estimate ?? growth.rates.perIteration?.estimate ?? 0;
  const rest = (largest: number): SeenTrend['course'] =>
    largest <= Math.max(1, cacheRule.settledShare * perNew) ? 'rests' : 'unclear';
  if (levels.length <= fewestIterations) {
    return { ...pooledTrend(growth.seen, rest), levels: [] };
  }
  const reading = readTrend(levels, 0);
  const border =
    confirmation.length > 0 && tail.length >= fewestIterations
      ? tail.length
      : Math.floor(levels.length / (1 + leakRule.confirmationFactor));
  const isLong = levels.length >= cacheRule.selfConfirming;
  if (isLong) {
    const later = readTrend(levels.slice(border), 0);
    if (isConfirmed(readTrend(levels.slice(0, border), 0), later)) {
      return { course: 'rises', slope: later.slope, levels };
    }
  }
  if (reading.rising && confirmation.length === 0) {
    return { course: 'unconfirmed', slope: reading.slope, levels };
  }
  const settled = isLong ? levels.slice(border) : levels;
  // What it rises by already comes on top of what the noise could hide.
  const risen = Math.max(0, readTrend(settled, 0).slope);
  return {
    course: rest(risen + smallestDetectableSlope(settled, 0)),
    slope: reading.slope,
    levels: settled,
  };
}

/** Of iterations that lie between new shapes: by the mean of what each added. */
function pooledTrend(
  seen: readonly number[],
  rest: (largest: number) => SeenTrend['course'],
): Omit<SeenTrend, 'levels'> {
  const mean = (part: readonly number[], confidence?: '99%') =>
    ratioOf(
      part.map((bytes) => [bytes, 1]),
      confidence,
    );
  const whole = mean(seen);
  if (whole === undefined || seen.length < cacheRule.fewestSeen) {
    return { course: 'unclear', slope: 0 };
  }
  const middle = Math.floor(seen.length / 2);
  const [early, late] = [mean(seen.slice(0, middle)), mean(seen.slice(middle))];
  const isCertain = seen.length >= fewestIterations && (mean(seen, '99%')?.low ?? 0) > 0;
  if (isCertain && (late?.estimate ?? 0) >= leakRule.confirmedSlopeShare * (early?.estimate ?? 0)) {
    return { course: 'unconfirmed', slope: whole.estimate };
  }
  return { course: rest(whole.high), slope: whole.estimate };
}

/** Whether what new shapes add becomes less, per second of audio. */
function newShapesCourse({ added }: Growth, goesOn: boolean): 'few' | 'goes-on' | 'ends' | 'slows' {
  if (added.length < cacheRule.fewestNew) {
    return 'few';
  }
  const middle = Math.floor(added.length / 2);
  const [early, late] = [ratioOf(added.slice(0, middle)), ratioOf(added.slice(middle))];
  if (early === undefined || late === undefined) {
    return 'slows';
  }
  if (late.high <= cacheRule.settledShare * early.estimate) {
    return 'ends';
  }
  return goesOn && late.low > 0 && late.estimate >= leakRule.confirmedSlopeShare * early.estimate
    ? 'goes-on'
    : 'slows';
}
