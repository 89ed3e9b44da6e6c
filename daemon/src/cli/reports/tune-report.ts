/** A tuning as text. */

import { applyWords, settingWords, tuningNotes } from '@tidemark/shared/analysis/tuning.ts';
import { formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { TuneDocument, TunePoint } from '@tidemark/shared/protocol/tune-document.ts';
import { column, figures, inMegabytes, tableOf } from './layout.ts';
import { environmentLine, speechLines } from './profile-report.ts';

const share = (value: number): string => formatPercent(value, { fractionDigits: 0 });

export function tuneReport(document: TuneDocument): string {
  const { model, settings, points, knee, failures, conclusion } = document;
  const best = knee === undefined ? undefined : points[knee];
  return [
    `${model.name}; ${environmentLine(document)}`,
    ...speechLines(settings),
    '',
    tableOf(points, [
      column<TunePoint>('MB', (point) => (point === best ? `${settingWords(point)} *` : settingWords(point))),
      figures<TunePoint>('peak', ({ peakBytes }) => inMegabytes(peakBytes.median)),
      figures<TunePoint>('from', ({ peakBytes }) => inMegabytes(peakBytes.minimum)),
      figures<TunePoint>('to', ({ peakBytes }) => inMegabytes(peakBytes.maximum)),
      figures<TunePoint>('of default', ({ peakRatio }) => share(peakRatio.median)),
      figures<TunePoint>('time', ({ seconds }) => `${seconds.median.toFixed(2)} s`),
      figures<TunePoint>('of default', ({ timeRatio }) => share(timeRatio.median)),
      figures<TunePoint>(
        'in rounds',
        ({ timeRatio }) => `${share(timeRatio.minimum)} to ${share(timeRatio.maximum)}`,
      ),
      column<TunePoint>('', ({ onFront, sameAudio }) =>
        [...(onFront ? ['unbeaten'] : []), ...(sameAudio ? [] : ['other audio'])].join(', '),
      ),
    ]),
    ...failures.map(({ mlx, error }) => `${settingWords({ mlx })} could not be measured: ${error.message}`),
    '',
    conclusion,
    ...(best === undefined ? [] : [applyWords(best)]),
    ...tuningNotes(document),
  ].join('\n');
}
