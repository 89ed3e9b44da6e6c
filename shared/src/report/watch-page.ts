/** A watched program as a page of HTML: what leaks, what its peaks do, and its iterations. */

import { activeSentence } from '../analysis/conclusions.ts';
import { marksSentence, peakSentence, selfConfirming, watchedFinding } from '../analysis/watched.ts';
import { iterationChart, iterationSeries } from '../format/charts/iteration-chart.ts';
import { counted, formatCount, formatDuration } from '../format/numbers.ts';
import type { WatchDocument } from '../protocol/watch-document.ts';
import { facts, number, page, paragraph, responsiveChart, section, table } from './markup.ts';
import { leaksTable, mostPoints } from './run-sections.ts';
import { deviceDetails, machineFacts, packageWords, terms, watchedTerms } from './settings-section.ts';
import { megabytes, momentText, none } from './words.ts';

export function watchPage(document: WatchDocument): string {
  const { program, device, startedAt, iterations, leaks, summary, outcome } = document;
  const points = iterationSeries(iterations, [], mostPoints, { keepCache: true });
  return page(
    `Memory of ${program.name}`,
    `${program.command.join(' ')}; ${counted(iterations.length, 'iteration')}; ${device.name}, ${momentText(startedAt)}`,
    [
      paragraph(watchedFinding(document), 'answer'),
      outcome.status === 'complete' ? '' : paragraph(outcome.reason, 'notice'),
      section(
        'Memory by iteration',
        paragraph(
          `${marksSentence(document)} Active memory is read at the end of each iteration, the peak is the most during it, and the cache ` +
            'is the most that MLX’s allocator kept for reuse. ' +
            (points.warmup > 0
              ? 'Hollow points (w1, …) are warm-up iterations, which are excluded from all figures.'
              : ''),
        ) +
          (iterations.length === 0
            ? ''
            : responsiveChart((canvas) => iterationChart(program.name, points, canvas))),
      ),
      section(
        'Peak memory',
        paragraph(`${summary === undefined ? '' : `${activeSentence(summary)} `}${peakSentence(document)}`) +
          spreadTable(document),
      ),
      leaks.length === 0 || iterations.length === 0
        ? ''
        : section(
            'Leaks',
            leaksTable(
              leaks,
              `A program ends when it ends, so no confirmation run follows. From ${selfConfirming} measured iterations on, a leak is reported ` +
                'where a series rises overall and in each half of its first third, and again over the rest; in fewer, where it rises in ' +
                'every single iteration and does not slow down.',
            ),
          ),
      section('Terms', facts([...terms.filter(([name]) => name !== 'transient'), ...watchedTerms])),
      section('How it was measured', facts(measuredFacts(document)) + deviceDetails(device)),
    ],
  );
}

function spreadTable({ summary }: WatchDocument): string {
  if (summary === undefined) {
    return '';
  }
  const spreads = [
    ['peak', summary.peakBytes],
    ['peak above active', summary.transientBytes],
    ['cache', summary.cacheBytes],
    ['footprint', summary.footprintBytes],
  ] as const;
  return table(
    ['', number('median'), number('least'), number('most')],
    [
      ...spreads.map(([name, spread]) => [
        name,
        ...(spread === undefined
          ? [none, none, none]
          : [megabytes(spread.median), megabytes(spread.minimum), megabytes(spread.maximum)]),
      ]),
      [
        'time',
        formatDuration(summary.seconds.median),
        formatDuration(summary.seconds.minimum),
        formatDuration(summary.seconds.maximum),
      ],
    ],
  );
}

function measuredFacts(document: WatchDocument): (readonly [string, string])[] {
  const { program, settings, versions, device, iterations, countingSeconds } = document;
  const { warmupIterations } = settings;
  const counts = iterations.filter(({ trackedObjects }) => trackedObjects !== undefined).length;
  return [
    ['command', program.command.join(' ')],
    ['Python', `${versions.python}, ${program.executable}`],
    [
      'iterations',
      `${formatCount(iterations.length)}, of which ${warmupIterations === 0 ? 'none' : warmupIterations === 1 ? 'the first' : `the first ${formatCount(warmupIterations)}`} ${warmupIterations > 1 ? 'are' : 'is'} warm-up`,
    ],
    [
      'objects',
      counts === 0
        ? 'not counted'
        : `counted in ${counted(counts, 'iteration')}${countingSeconds === undefined ? '' : `, which took ${formatDuration(countingSeconds)} in all`}`,
    ],
    [
      'the program’s own view',
      'unchanged: mx.get_peak_memory tells it what it would have told without Tidemark, although the peak is read and reset in between',
    ],
    ['total time', formatDuration(document.seconds)],
    ...machineFacts(device),
    [
      'versions',
      [
        `Tidemark ${versions.tidemark}`,
        `MLX ${versions.mlx}`,
        ...packageWords(versions.packages, versions.mlx),
      ].join(', '),
    ],
  ];
}
