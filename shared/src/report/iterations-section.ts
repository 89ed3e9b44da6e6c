/** Active memory and the peak over the iterations, as lines. */

import { lineChart } from '../format/charts/line-chart.ts';
import type { IterationSample, ProfileDocument } from '../protocol/profile-document.ts';
import { pagePalette, paragraph, responsiveChart } from './markup.ts';
import { megabyteTick, plural } from './words.ts';

/** More points than this are not told apart on a page: neighbours are drawn as one, by the highest of them. */
const mostPoints = 240;

interface Points {
  readonly labels: readonly string[];
  readonly active: readonly number[];
  readonly peak: readonly number[];
  readonly warmup: number;
  /** The point that the confirmation run begins with. */
  readonly confirmationAt?: number;
  /** How many iterations a point stands for. */
  readonly each: number;
}

function pointsOf({ iterations, confirmation = [] }: ProfileDocument): Points {
  const all = [...iterations, ...confirmation];
  const warmupIterations = iterations.filter(({ warmup }) => warmup).length;
  const each = Math.max(1, Math.ceil(all.length / mostPoints));
  const groups: IterationSample[][] = [];
  for (let start = 0; start < all.length; start += each) {
    groups.push(all.slice(start, start + each));
  }
  const highest = (of: (sample: IterationSample) => number): number[] =>
    groups.map((group) => Math.max(...group.map(of)));
  return {
    labels: groups.map((_, index) => {
      const first = index * each;
      return first < warmupIterations ? `w${first + 1}` : String(first - warmupIterations + 1);
    }),
    active: highest(({ activeBytes }) => activeBytes),
    peak: highest(({ peakBytes }) => peakBytes),
    // A group that the warm-up only begins is drawn as measured.
    warmup: Math.floor(warmupIterations / each),
    ...(confirmation.length === 0 ? {} : { confirmationAt: Math.floor(iterations.length / each) }),
    each,
  };
}

function chartOf(run: ProfileDocument, points: Points, atLeast: number): string {
  const { labels, active, peak, warmup, confirmationAt } = points;
  return responsiveChart((width) =>
    lineChart({
      title: `Active and peak memory of ${run.model.name} by iteration, in MB`,
      lines: [
        { name: 'peak', values: peak },
        { name: 'active', values: active },
      ],
      width,
      height: 230,
      palette: pagePalette,
      xLabel: 'iteration',
      yLabel: 'MB',
      formatValue: megabyteTick,
      labels,
      hollow: warmup,
      ...(confirmationAt === undefined || confirmationAt === 0
        ? {}
        : { divider: { at: confirmationAt, label: 'confirmation run' } }),
      atLeast,
    }),
  );
}

/** One chart a run, all on one scale. Markup; `heading` names a run where there are several. */
export function iterationCharts(
  runs: readonly ProfileDocument[],
  heading: (run: ProfileDocument) => string,
): string {
  const drawn = runs
    .map((run) => ({ run, points: pointsOf(run) }))
    .filter(({ points }) => points.peak.length > 0);
  if (drawn.length === 0) {
    return paragraph('No iteration was measured.');
  }
  const atLeast = Math.max(...drawn.flatMap(({ points }) => points.peak));
  const longest = Math.max(...drawn.map(({ points }) => points.each));
  const hasWarmup = drawn.some(({ points }) => points.warmup > 0);
  const notes = [
    'Active memory is read after each iteration, the peak during it.',
    ...(hasWarmup ? ['Hollow points (w1, …) are warm-up, and count in no figure.'] : []),
    ...(longest > 1 ? [`Each point stands for up to ${plural(longest, 'iteration')}, by the highest.`] : []),
  ];
  return [
    paragraph(notes.join(' ')),
    ...drawn.map(({ run, points }) => heading(run) + chartOf(run, points, atLeast)),
  ].join('');
}
