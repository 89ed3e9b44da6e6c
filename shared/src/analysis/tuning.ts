/** Which of MLX's settings is the best trade of memory for time. */

import { formatBytes } from '../format/bytes.ts';
import { counted, formatPercent } from '../format/numbers.ts';
import { mlxPhrases } from '../format/workload.ts';
import type { TuneDocument, TunePoint, TuneRound } from '../protocol/tune-document.ts';
import { quantile, sorted, spreadOf } from './statistics.ts';

/** A setting as it was measured. */
export type MeasuredSetting = Pick<TunePoint, 'mlx' | 'sameAudio'> & {
  readonly rounds: readonly TuneRound[];
};

/** Less is no difference: neither of a peak, nor of a product of peak and time. */
const leastShare = 0.02;

const medianOf = (values: readonly number[]): number => spreadOf(values).median;

const spreadFrom = (values: readonly number[]): TunePoint['seconds'] => {
  const { median, minimum, maximum } = spreadOf(values);
  return { median, minimum, maximum };
};

/** `MLX_BFS_MAX_WIDTH=1, memory limit 250.0 MB`. */
export const settingWords = ({ mlx }: Pick<TunePoint, 'mlx'>): string =>
  mlxPhrases(mlx).join(', ') || 'MLX by itself';

/** Other work on the machine only adds to a time, so the faster iterations of a process say what it takes. */
const lowerQuartile = (values: readonly number[]): number => quantile(sorted(values), 0.25);

/** Time that a setting seems to save is not counted: none of them makes MLX do less work, so it is mostly noise. */
const timeOf = ({ timeRatio }: Pick<TunePoint, 'timeRatio'>): number => Math.max(1, timeRatio.median);

/** What both of a setting cost beside MLX by itself, as one figure: a percent of the peak counts as much as a percent of time. */
export const costOf = (point: TunePoint): number => point.peakRatio.median * timeOf(point);

/** Lower than MLX by itself in every round, and by more than nothing. */
export const lowersPeak = ({ peakRatio }: TunePoint): boolean =>
  peakRatio.maximum < 1 && peakRatio.median <= 1 - leastShare;

/**
 * The place of the best trade: of the settings that lower the peak and cost less than MLX by itself, the one of the lowest cost;
 * where several are within 2% of that, the one of the lowest peak.
 */
export function kneeOf(points: readonly TunePoint[]): number | undefined {
  const better = points.filter((point) => lowersPeak(point) && costOf(point) < 1);
  const lowest = Math.min(...better.map(costOf));
  const [best] = better
    .filter((point) => costOf(point) <= lowest * (1 + leastShare))
    .toSorted((a, b) => a.peakRatio.median - b.peakRatio.median);
  return best === undefined ? undefined : points.indexOf(best);
}

/** Points, the knee, and the sentences. The first setting is MLX by itself, and has a part in every round. */
export function judgeTuning(
  settings: readonly MeasuredSetting[],
): Pick<TuneDocument, 'points' | 'knee' | 'conclusion'> {
  const own = new Map(settings[0]?.rounds.map((round) => [round.round, round]));
  const measured = settings.map(({ mlx, rounds, sameAudio }) => {
    const relative = (of: (round: TuneRound) => number) =>
      spreadFrom(
        rounds.map((each) => {
          const reference = own.get(each.round);
          if (reference === undefined) {
            throw new RangeError(`judgeTuning: round ${each.round} has no measurement of MLX by itself`);
          }
          return of(each) / of(reference);
        }),
      );
    const peak = spreadFrom(rounds.flatMap(({ peakBytes }) => peakBytes));
    return {
      mlx,
      rounds: [...rounds],
      peakBytes: { ...peak, median: Math.round(peak.median) },
      seconds: spreadFrom(rounds.flatMap(({ seconds }) => seconds)),
      peakRatio: relative(({ peakBytes }) => medianOf(peakBytes)),
      timeRatio: relative(({ seconds }) => lowerQuartile(seconds)),
      sameAudio,
    };
  });
  const points = measured.map((point) => ({
    ...point,
    onFront: !measured.some(
      (other) =>
        other.peakBytes.median <= point.peakBytes.median &&
        timeOf(other) <= timeOf(point) &&
        (other.peakBytes.median < point.peakBytes.median || timeOf(other) < timeOf(point)),
    ),
  }));
  const knee = kneeOf(points);
  return { points, ...(knee === undefined ? {} : { knee }), conclusion: conclude(points, knee) };
}

/** `28% off the peak, 25% more time`. */
export function tradeWords({ peakRatio, timeRatio }: TunePoint): string {
  const [saved, added] = [1 - peakRatio.median, timeRatio.median - 1];
  const share = (value: number): string => formatPercent(Math.abs(value), { fractionDigits: 0 });
  const peak =
    Math.abs(saved) < leastShare / 4
      ? 'the same peak'
      : `${share(saved)} ${saved > 0 ? 'off the' : 'more'} peak`;
  if (added < leastShare) {
    return `${peak}, no more time`;
  }
  const { minimum, maximum } = timeRatio;
  const range = isUnsteady(timeRatio)
    ? ` (${formatPercent(minimum, { fractionDigits: 0 })} to ${formatPercent(maximum, { fractionDigits: 0 })} of MLX's own over the rounds)`
    : '';
  return `${peak}, ${share(added)} more time${range}`;
}

/** From here on the time of a setting is not known well enough to rely on it. */
const unsteady = 1.25;

const isUnsteady = ({ minimum, maximum }: TunePoint['timeRatio']): boolean => maximum > minimum * unsteady;

/** What a reader has to know beside the figures: what the device has not, and whether its times can be relied on. */
export function tuningNotes({ device, points }: Pick<TuneDocument, 'device' | 'points'>): string[] {
  const isTried = points.some(({ mlx }) => mlx.opsPerBuffer !== undefined);
  const shaky = points.filter(({ timeRatio }) => isUnsteady(timeRatio));
  return [
    ...(device.type === 'gpu'
      ? []
      : [
          `MLX's CPU backend has no command buffers and does not read MLX_MAX_OPS_PER_BUFFER, so it was ${isTried ? 'measured only because it was asked for' : 'not measured'}.`,
        ]),
    ...(shaky.length === 0
      ? []
      : [
          `Times were unsteady: those of ${counted(shaky.length, 'setting')} differ by more than 25% between rounds. Peaks are not affected. ` +
            'For times to rely on, repeat it on an idle machine or with more --rounds.',
        ]),
  ];
}

function conclude(points: readonly TunePoint[], knee: number | undefined): string {
  const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });
  const best = knee === undefined ? undefined : points[knee];
  const [lowest] = points.filter(lowersPeak).toSorted((a, b) => a.peakRatio.median - b.peakRatio.median);
  if (lowest === undefined) {
    return 'No setting helps: none lowers the peak by 2% or more in every round.';
  }
  const most = `${settingWords(lowest)}: ${tradeWords(lowest)}`;
  if (best === undefined) {
    return `No setting is a good trade: each that lowers the peak adds a larger share of time. The lowest peak has ${most}.`;
  }
  const audio = best.sameAudio ? '' : ' Its speech is not the same to the bit.';
  const further = best === lowest ? '' : ` The lowest peak has ${most}.`;
  return (
    `The best trade is ${settingWords(best)}: ${tradeWords(best)} ` +
    `(${megabytes(best.peakBytes.median)} instead of ${megabytes(points[0]?.peakBytes.median ?? 0)}).${audio}${further}`
  );
}

/** How a person's own program gets a setting. */
export function applyWords({ mlx }: Pick<TunePoint, 'mlx'>): string {
  const { memoryLimitBytes, ...others } = mlx;
  const variables = mlxPhrases(others).join(' ');
  return [
    ...(variables === ''
      ? []
      : [
          `Set it in your own program too: start it with ${variables} in its environment, which MLX reads in any program.`,
        ]),
    ...(memoryLimitBytes === undefined
      ? []
      : [
          `A memory limit is set by calling MLX: mx.set_memory_limit(${memoryLimitBytes}) in Python. It has no variable.`,
        ]),
  ].join(' ');
}
