/** What the peak is made of, for one model and for several beside each other. */

import {
  deviceSentence,
  footprintParts,
  footprintSteps,
  loadingLabel,
  otherActiveLabel,
  peakParts,
  peakSteps,
  weightsLabel,
} from '../analysis/waterfall.ts';
import type { FootprintParts, PeakParts } from '../analysis/waterfall.ts';
import { stackedBars, waterfall } from '../format/charts/bars.ts';
import type { Canvas } from '../format/charts/palette.ts';
import { formatCount } from '../format/numbers.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import type { StudyComparison } from '../protocol/study-document.ts';
import { details, number, paragraph, responsiveChart, table } from './markup.ts';
import { megabytes, none, percent, seconds, signedBytes, signedMegabytes } from './words.ts';

/** Both waterfalls of a run and what they mean; markup, empty where there is no iteration. */
export function runWaterfalls(run: ProfileDocument): string {
  const peak = peakParts(run);
  const footprint = footprintParts(run);
  if (peak === undefined || footprint === undefined) {
    return '';
  }
  const { sample } = peak;
  const device = deviceSentence(run);
  const which = sample.warmup
    ? 'the last warm-up iteration, because none was measured'
    : `iteration ${sample.index - run.settings.warmupIterations + 1}, which has the median peak`;
  return [
    paragraph(`For ${which}: ${peakWords(peak)}`),
    responsiveChart((canvas) =>
      waterfall(
        {
          title: `What the peak of ${run.model.name} is made of`,
          steps: peakSteps(peak, run),
          axis: 'memory',
        },
        canvas,
      ),
    ),
    paragraph(
      `After it, with the cache ${run.settings.keepCache === true ? 'kept' : 'cleared'}, the system reports a footprint of ${megabytes(footprint.footprintBytes)} for the whole process. ` +
        unexplainedWords(footprint),
    ),
    ...(device === undefined ? [] : [paragraph(device)]),
    responsiveChart((canvas) =>
      waterfall(
        {
          title: `What the footprint of ${run.model.name} is made of`,
          steps: footprintSteps(footprint),
          axis: 'memory',
        },
        canvas,
      ),
    ),
  ].join('');
}

function peakWords({ peakBytes, transientBytes, weights, sample }: PeakParts): string {
  const weightBytes = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    `the peak is ${megabytes(peakBytes)}, of which ${megabytes(weightBytes)} are weights and ` +
    `${megabytes(transientBytes)} (${percent(transientBytes / peakBytes)}) are transient. ` +
    `Immediately afterward, the allocator's cache held ${megabytes(sample.cacheBytes)}, which is not part of the peak.`
  );
}

function unexplainedWords({ unexplainedBytes }: FootprintParts): string {
  return unexplainedBytes >= 0
    ? `${megabytes(unexplainedBytes)} of it is neither active memory nor was there before loading: heap growth, freed ` +
        'memory that the system still counts, and loaded code.'
    : `That is ${megabytes(-unexplainedBytes)} less than active memory plus what was there before loading: pages that were ` +
        'never touched or were returned to the system.';
}

/** Several models' peaks as bars on one scale, the figures as a table, and each one's waterfalls on request. */
export function peaksOfRuns(
  runs: readonly ProfileDocument[],
  comparison: StudyComparison | undefined,
): string {
  const drawn = runs.flatMap((run) => {
    const parts = peakParts(run);
    return parts === undefined ? [] : [{ run, parts }];
  });
  if (drawn.length === 0) {
    return paragraph('No iteration was measured, so there is no peak.');
  }
  return [
    paragraph(
      'For each model, the iteration with the median peak: weights by dtype, and what was allocated on top of them.',
    ),
    responsiveChart((canvas) => peakBars(drawn, canvas)),
    memoryTable(runs, comparison),
    processTable(runs),
    ...drawn.map(({ run }) =>
      details(`${run.model.name}: peak and footprint, step by step`, runWaterfalls(run)),
    ),
  ].join('');
}

function peakBars(
  drawn: readonly { readonly run: ProfileDocument; readonly parts: PeakParts }[],
  canvas: Canvas,
): string {
  // Every bar names every part, so that each has one colour and the legend one order.
  const dtypes = [...new Set(drawn.flatMap(({ parts }) => parts.weights.map(({ dtype }) => dtype)))];
  const hasLoading = drawn.some(({ parts }) => parts.loadingBytes > 0);
  return stackedBars(
    {
      title: 'What the peaks are made of',
      axis: 'memory at the peak',
      bars: drawn.map(({ run, parts }) => ({
        label: run.model.name,
        parts: [
          ...dtypes.map((dtype) => ({
            name: weightsLabel(dtype),
            value: parts.weights.find((each) => each.dtype === dtype)?.bytes ?? 0,
          })),
          ...(hasLoading ? [{ name: loadingLabel, value: Math.max(0, parts.loadingBytes) }] : []),
          { name: otherActiveLabel, value: parts.otherActiveBytes + Math.min(0, parts.loadingBytes) },
          { name: 'transient', value: parts.transientBytes },
        ],
      })),
    },
    canvas,
  );
}

function memoryTable(runs: readonly ProfileDocument[], comparison: StudyComparison | undefined): string {
  return table(
    [
      'model',
      number('loaded'),
      number('active'),
      number('growth'),
      number('peak, median'),
      number('range'),
      number('transient'),
      ...(comparison === undefined ? [] : [number(`against ${comparison.baseline}`)]),
    ],
    runs.map(({ model, load, summary }) => {
      const head = [model.name, megabytes(load.activeBytes)];
      if (summary === undefined) {
        return [...head, ...Array.from({ length: comparison === undefined ? 5 : 6 }, () => none)];
      }
      const { active, peakBytes, transientBytes } = summary;
      const difference = comparison?.differences.find((each) => each.model === model.name);
      return [
        ...head,
        megabytes(active.lastBytes),
        signedBytes(active.growthBytes),
        megabytes(peakBytes.median),
        `${megabytes(peakBytes.minimum).replace(' MB', '')} – ${megabytes(peakBytes.maximum)}`,
        megabytes(transientBytes.median),
        difference === undefined
          ? none
          : `${signedMegabytes(difference.peakBytes)} (${percent(difference.peakShare, true)})`,
      ];
    }),
  );
}

/** What the process took beside MLX's active memory, and how long it was at work. */
const processTable = (runs: readonly ProfileDocument[]): string =>
  table(
    [
      'model',
      number('cache'),
      number('footprint'),
      number('unexplained'),
      number('time'),
      number('audio'),
      number('samples'),
    ],
    runs.map((run) => {
      const { model, summary } = run;
      const footprint = footprintParts(run);
      return summary === undefined || footprint === undefined
        ? [model.name, ...Array.from({ length: 6 }, () => none)]
        : [
            model.name,
            megabytes(summary.cacheBytes.median),
            megabytes(summary.footprintBytes.median),
            signedMegabytes(footprint.unexplainedBytes),
            seconds(summary.seconds.median),
            seconds(summary.audioSeconds.median),
            formatCount(summary.samples.median),
          ];
    }),
  );
