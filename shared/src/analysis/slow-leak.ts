/** Does memory rise from check to check of one long-lived process: the leak rule over checks instead of iterations. */

import { isConfirmed, leakRule, readTrend } from './leak-rule.ts';
import { mannKendall } from './statistics.ts';

/**
 * Bounds of the rule. It is asked after every check, so its answers pile up; what 500 checks in a row let through, and how
 * many checks a leak takes to be found, is measured in slow-leak.test.ts.
 */
const slowLeakRule = {
  /** Lengths in checks, the newest first to last: a large leak shows in the short ones, a small one in the long ones. */
  windows: [30, 60, 90],
  /**
   * A series that never falls has no noise to hide in: so many checks of it are enough, where it never rests for more than
   * so many, and its second half rises by this share of the first or more.
   */
  withoutFalls: 16,
  longestRest: 3,
  withoutFallsSlopeShare: 0.75,
  /** A rise that the last so many checks do not go on with is over. */
  settled: 15,
  settledPValue: 0.05,
} as const;

/** More checks than this are not looked at. */
export const mostChecks = Math.max(...slowLeakRule.windows);

export interface SlowLeak {
  /** Per check, in the series' unit. */
  readonly slope: number;
  /** How many checks it rests on, the newest ones. */
  readonly checks: number;
}

/**
 * Reads what one process held after each of its checks, oldest first. A window is a leak where its first third rises, and
 * the rest bears that out at half the slope or more, as a confirmation run does within a check: a plateau or a step fails
 * in one of them. Undefined where none is. Throws a RangeError for a NaN.
 */
export function slowLeak(series: readonly number[], threshold: number): SlowLeak | undefined {
  const steady = series.slice(-slowLeakRule.withoutFalls);
  if (steady.length === slowLeakRule.withoutFalls && risesThroughout(steady)) {
    const middle = steady.length / 2;
    const [whole, first, second] = [steady, steady.slice(0, middle), steady.slice(middle)].map((part) =>
      readTrend(part, threshold),
    );
    if (
      whole?.rising === true &&
      (second?.slope ?? 0) >= slowLeakRule.withoutFallsSlopeShare * (first?.slope ?? Number.POSITIVE_INFINITY)
    ) {
      return { slope: whole.slope, checks: steady.length };
    }
  }
  for (const length of slowLeakRule.windows.filter((each) => each <= series.length)) {
    const window = series.slice(-length);
    const third = length / (1 + leakRule.confirmationFactor);
    const confirmation = readTrend(window.slice(third), threshold);
    if (isConfirmed(readTrend(window.slice(0, third), threshold), confirmation)) {
      return { slope: confirmation.slope, checks: length };
    }
  }
  return undefined;
}

/** Whether a rise is over: enough checks, and no trend in the last of them. */
export function hasSettled(series: readonly number[]): boolean {
  const last = series.slice(-slowLeakRule.settled);
  return last.length === slowLeakRule.settled && mannKendall(last).pValue >= slowLeakRule.settledPValue;
}

function risesThroughout(series: readonly number[]): boolean {
  let rest = 0;
  return series.slice(1).every((value, place) => {
    const rise = value - (series[place] ?? Number.NaN);
    rest = rise > 0 ? 0 : rest + 1;
    return rise >= 0 && rest <= slowLeakRule.longestRest;
  });
}
