/** A watched program as text: its iterations, what its peaks do, and its leaks. */

import { activeSentence } from '@tidemark/shared/analysis/conclusions.ts';
import { marksSentence, peakSentence } from '@tidemark/shared/analysis/watched.ts';
import { counted, formatCount, formatDuration } from '@tidemark/shared/format/numbers.ts';
import { iterationLabel } from '@tidemark/shared/format/work-words.ts';
import { printable } from '@tidemark/shared/printable.ts';
import type { WatchDocument, WatchedSample } from '@tidemark/shared/protocol/watch-document.ts';
import { column, figures, inMegabytes, nothing, outputWidth, tableOf } from './layout.ts';
import { leakLines } from './profile-report.ts';

/** Of a long series the first and the last are shown; the document has them all. */
const [mostFirst, mostLast] = [40, 10];

/** `maxWidth`: of the terminal that it is printed to. */
export function watchedReport(document: WatchDocument, maxWidth = outputWidth()): string {
  const { program, iterations, leaks, summary, settings } = document;
  const others = program.otherProcesses ?? 0;
  return [
    `${program.name}: ${printable(program.command.join(' '), 200)}`,
    environmentLine(document),
    marksSentence(document),
    ...(iterations.length === 0 ? [] : ['', samplesTable(iterations, settings.warmupIterations, maxWidth)]),
    '',
    ...(summary === undefined ? [] : [activeSentence(summary)]),
    peakSentence(document),
    ...(summary === undefined
      ? []
      : [`Time: median ${formatDuration(summary.seconds.median)} per iteration.`, '', ...leakLines(leaks)]),
    ...(others === 0
      ? []
      : [
          '',
          `${counted(others, 'other process', 'other processes')} of the command also used MLX and ${others === 1 ? 'was' : 'were'} not watched.`,
        ]),
    ...(document.outcome.status === 'complete' ? [] : ['', document.outcome.reason]),
  ].join('\n');
}

/** The machine and the versions, in a line. */
function environmentLine({ device, versions }: WatchDocument): string {
  const packages = Object.entries(versions.packages).map(([name, version]) => `${name} ${version}`);
  return [
    `${device.name} (${device.type}, ${device.platform} ${device.architecture})`,
    `MLX ${versions.mlx}`,
    ...packages,
    `Python ${versions.python}`,
    `Tidemark ${versions.tidemark}`,
  ].join(', ');
}

function samplesTable(
  samples: readonly WatchedSample[],
  warmupIterations: number,
  maxWidth: number | undefined,
): string {
  const hidden = samples.length - mostFirst - mostLast;
  const shown = hidden > 1 ? [...samples.slice(0, mostFirst), ...samples.slice(-mostLast)] : samples;
  const ofKnown =
    (of: (sample: WatchedSample) => number | undefined, text: (value: number) => string) =>
    (sample: WatchedSample): string => {
      const value = of(sample);
      return value === undefined ? nothing : text(value);
    };
  const table = tableOf(
    shown,
    [
      column('MB', ({ index }) => iterationLabel(index, warmupIterations)),
      figures('active', ({ activeBytes }) => inMegabytes(activeBytes)),
      figures('peak', ({ peakBytes }) => inMegabytes(peakBytes)),
      figures('cache', ({ cacheBytes }) => inMegabytes(cacheBytes)),
      figures(
        'footprint',
        ofKnown(({ footprintBytes }) => footprintBytes, inMegabytes),
      ),
      figures('time', ({ seconds }) => formatDuration(seconds)),
      figures(
        'arrays',
        ofKnown(({ liveArrays }) => liveArrays, formatCount),
      ),
      figures(
        'objects',
        ofKnown(({ trackedObjects }) => trackedObjects, formatCount),
      ),
      figures(
        'files',
        ofKnown(({ openFileDescriptors }) => openFileDescriptors, formatCount),
      ),
    ],
    maxWidth,
  );
  return hidden > 1
    ? `${table}\n(${formatCount(hidden)} iterations before the last ${mostLast} are not shown; --json has all.)`
    : table;
}
