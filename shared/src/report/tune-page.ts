/** A tuning as a page of HTML: the curve of the peak against time, and each setting's figures. */

import { applyWords, settingWords, tuningNotes } from '../analysis/tuning.ts';
import { tradeOffChart } from '../format/charts/trade-off-chart.ts';
import { counted, formatDuration, formatPercent } from '../format/numbers.ts';
import { formatBytes } from '../format/bytes.ts';
import type { MlxSettings } from '../protocol/mlx-settings.ts';
import type { TuneDocument, TunePoint } from '../protocol/tune-document.ts';
import { facts, number, page, paragraph, responsiveChart, section, table } from './markup.ts';
import { deviceDetails, environmentFacts, settingsFacts, sourcesTable } from './settings-section.ts';
import { megabytes, momentText, seconds, spokenText } from './words.ts';

const kinds = [
  'MLX by itself',
  'operations a command buffer',
  'width of evaluation',
  'memory limit',
  'several together',
] as const;

const kindOf = (mlx: MlxSettings): number => {
  const names = Object.keys(mlx);
  return names.length > 1
    ? 4
    : mlx.opsPerBuffer !== undefined
      ? 1
      : mlx.bfsWidth !== undefined
        ? 2
        : mlx.memoryLimitBytes !== undefined
          ? 3
          : 0;
};

/** Short enough for a point of a chart. */
const label = ({ opsPerBuffer, bfsWidth, memoryLimitBytes }: MlxSettings): string =>
  [
    ...(opsPerBuffer === undefined ? [] : [`ops ${opsPerBuffer}`]),
    ...(bfsWidth === undefined ? [] : [`width ${bfsWidth}`]),
    ...(memoryLimitBytes === undefined
      ? []
      : [`limit ${formatBytes(memoryLimitBytes, { unit: 'MB' }).replace('.0 ', ' ')}`]),
  ].join(', ') || 'default';

const share = (value: number): string => formatPercent(value, { fractionDigits: 0 });

const rangeText = ({ minimum, maximum }: TunePoint['seconds'], text: (value: number) => string): string =>
  text(minimum) === text(maximum)
    ? text(minimum)
    : `${text(minimum).replace(/( MB|%)$/, '')} to ${text(maximum)}`;

export function tuningPage(document: TuneDocument): string {
  const { model, settings, device, versions, points, knee, failures, conclusion, startedAt } = document;
  const best = knee === undefined ? undefined : points[knee];
  const rounds = Math.max(...points.map((point) => point.rounds.length));
  const chart = {
    title: `Peak of ${model.name} against time`,
    kinds,
    points: points.map((point) => ({
      label: label(point.mlx),
      kind: kindOf(point.mlx),
      memory: point.peakBytes,
      time: point.timeRatio,
      onFront: point.onFront,
      isBest: point === best,
    })),
  };
  return page(
    `Tuning of ${model.name}`,
    `${spokenText(settings)}, voice ${settings.voice}, ${counted(settings.iterations, 'iteration')} a process; ${device.name}, ` +
      momentText(startedAt),
    [
      paragraph(conclusion, 'answer') + (best === undefined ? '' : paragraph(applyWords(best))),
      ...failures.map(({ mlx, error }) =>
        paragraph(`${settingWords({ mlx })} could not be measured: ${error.message}`, 'notice'),
      ),
      section(
        'Memory for time',
        responsiveChart((canvas) => tradeOffChart(chart, canvas)) +
          paragraph(
            'Each point is a setting, nearer to the corner below left is better. The dashed line joins those that no other one beats in ' +
              'both. Bars are the spread: of the peak over all iterations, of the time over the rounds.',
            'muted',
          ) +
          tuningNotes(document)
            .map((note) => paragraph(note))
            .join(''),
      ),
      section(
        'Settings',
        table(
          [
            'setting',
            number('peak'),
            number('from and to'),
            number('of default'),
            number('time'),
            number('of default'),
            number('in rounds'),
            'same audio',
          ],
          points.map((point) => [
            point === best ? `${settingWords(point)} (best trade)` : settingWords(point),
            megabytes(point.peakBytes.median),
            rangeText(point.peakBytes, megabytes),
            share(point.peakRatio.median),
            seconds(point.seconds.median),
            share(point.timeRatio.median),
            rangeText(point.timeRatio, share),
            point.sameAudio ? 'yes' : 'no',
          ]),
        ),
      ),
      section(
        'How it was measured',
        facts([
          ...settingsFacts(settings),
          [
            'process',
            `a new one for each setting in each of ${counted(rounds, 'round')}, every second round backward`,
          ],
          [
            'best trade',
            'the lowest product of peak and time, each relative to MLX by itself in the same round; a time below 100% counts as 100%',
          ],
          [
            'weights and voice',
            `${megabytes(document.activeBytes)}: no setting can bring the peak below that`,
          ],
          ['total time', formatDuration(document.seconds)],
          ...environmentFacts(device, versions),
        ]) +
          sourcesTable([model]) +
          deviceDetails(device),
      ),
    ],
  );
}
