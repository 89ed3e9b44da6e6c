/** Is a level above what its own history lets expect, for good: a baseline that outliers cannot move, and hysteresis. */

import { median, sorted } from './statistics.ts';

export interface LevelRule {
  /** From which share above the baseline a level counts. */
  readonly share: number;
  /** For so many readings in a row before it is called raised, and as many before it is called back. */
  readonly sustained: number;
}

/** Bounds of the rule. What they let through and find is measured in sustained-level.test.ts. */
export const levelRule = {
  /** Fewer earlier readings than this make no baseline. */
  fewestEarlier: 5,
  /** More than this are not looked at, the newest are: machines and systems change over the months. */
  mostEarlier: 50,
  /** A level within so many deviations of the baseline is noise, whatever share it is. */
  deviations: 3,
  /** A level is back when it is below this share of the way from the baseline up to where it counts. */
  resolvedShare: 0.5,
} as const;

export interface Baseline {
  /** The median of the earlier readings. */
  readonly level: number;
  /** Above this a reading counts as raised. */
  readonly raisedAbove: number;
  /** Below this it counts as back. */
  readonly backBelow: number;
}

/** A normal distribution's standard deviation in units of its median absolute deviation. */
const deviationOfMad = 1.482602218505602;

/**
 * From earlier readings, oldest first; undefined where they are too few, or their median is not above zero. Throws a
 * RangeError for a NaN.
 */
export function baselineOf(earlier: readonly number[], share: number): Baseline | undefined {
  if (earlier.length < levelRule.fewestEarlier) {
    return undefined;
  }
  const readings = sorted(earlier.slice(-levelRule.mostEarlier));
  const level = median(readings);
  if (level <= 0) {
    return undefined;
  }
  const deviation = deviationOfMad * median(sorted(readings.map((each) => Math.abs(each - level))));
  const margin = Math.max(share * level, levelRule.deviations * deviation);
  return { level, raisedAbove: level + margin, backBelow: level + levelRule.resolvedShare * margin };
}

export interface RaisedLevel {
  readonly baseline: Baseline;
  /** The median of those that are above. */
  readonly observed: number;
}

/**
 * Whether the last `sustained` readings are all above the baseline of those before them. So a step is seen with the first
 * reading that completes them, and a single outlier never. Undefined where not.
 */
export function raisedLevel(
  readings: readonly number[],
  { share, sustained }: LevelRule,
): RaisedLevel | undefined {
  const latest = readings.slice(-sustained);
  const baseline = baselineOf(readings.slice(0, -sustained), share);
  return baseline !== undefined && latest.every((reading) => reading > baseline.raisedAbove)
    ? { baseline, observed: median(sorted(latest)) }
    : undefined;
}

/** Whether the last `sustained` readings are all well below where the level was raised. */
export const isBack = (readings: readonly number[], baseline: Baseline, sustained: number): boolean =>
  readings.length >= sustained && readings.slice(-sustained).every((reading) => reading < baseline.backBelow);
