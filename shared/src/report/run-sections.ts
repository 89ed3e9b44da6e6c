/** What one run shows beside its peak: its course over the iterations, the parts of the network, and leaks. All are markup. */

import { cacheClause, cacheRates, cacheRemedySentences } from '../analysis/cache-sentence.ts';
import { stackedBars } from '../format/charts/bars.ts';
import { formatBytes } from '../format/bytes.ts';
import { iterationChart, iterationSeries } from '../format/charts/iteration-chart.ts';
import { channelAmount, judgedName } from '../format/leak-channels.ts';
import { counted } from '../format/numbers.ts';
import type { AttributedPart, Attribution, ProfileDocument } from '../protocol/profile-document.ts';
import { cacheChannel } from '../protocol/leak-verdicts.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import { leakStatusMark, number, paragraph, responsiveChart, table } from './markup.ts';
import { megabytes, none, percent, signedMegabytes } from './words.ts';

/** More points than this are not told apart on a page. */
export const mostPoints = 240;

/** One chart a run, all on one scale. Markup; `heading` names a run where there are several. */
export function iterationCharts(
  runs: readonly ProfileDocument[],
  heading: (run: ProfileDocument) => string,
): string {
  const drawn = runs
    .map((run) => ({
      run,
      points: iterationSeries(run.iterations, run.confirmation ?? [], mostPoints, run.settings),
    }))
    .filter(({ points }) => points.peak.length > 0);
  if (drawn.length === 0) {
    return paragraph('No iteration was measured.');
  }
  const atLeast = Math.max(...drawn.flatMap(({ points }) => [...points.peak, ...(points.cache ?? [])]));
  const longest = Math.max(...drawn.map(({ points }) => points.each));
  const hasWarmup = drawn.some(({ points }) => points.warmup > 0);
  const notes = [
    'Active memory is read after each iteration, peak memory during it.',
    ...(hasWarmup
      ? ['Hollow points (w1, …) are warm-up iterations, which are excluded from all figures.']
      : []),
    ...(drawn.some(({ points }) => points.cache !== undefined)
      ? [
          'The cache is what MLX’s allocator keeps for reuse from one iteration to the next; a triangle marks an iteration with a length that was not said before.',
        ]
      : []),
    ...(longest > 1 ? [`Each point shows the highest of up to ${counted(longest, 'iteration')}.`] : []),
  ];
  return [
    paragraph(notes.join(' ')),
    ...drawn.map(
      ({ run, points }) =>
        heading(run) + responsiveChart((canvas) => iterationChart(run.model.name, points, canvas, atLeast)),
    ),
  ].join('');
}

/** The bars that are drawn; a network has hundreds of layers, of which few matter. */
const mostBars = 16;

/** Markup. `model` names the charts. */
export function stagesContent(model: string, attribution: Attribution): string {
  const { granularity, parts, instrumentedPeakBytes, plainPeakBytes } = attribution;
  const word = granularity === 'layers' ? 'layer' : 'stage';
  const shown =
    parts.length <= mostBars
      ? parts
      : parts.toSorted((a, b) => b.transientBytes - a.transientBytes).slice(0, mostBars);
  const which =
    shown.length === parts.length
      ? 'In execution order.'
      : `The ${shown.length} of ${counted(parts.length, word)} with the largest transients, largest first.`;
  const difference = instrumentedPeakBytes - plainPeakBytes;
  return [
    paragraph(
      `Evaluated ${word} by ${word}, the network peaks at ${megabytes(instrumentedPeakBytes)}; without these boundaries, its median ` +
        `peak is ${megabytes(plainPeakBytes)} (${signedMegabytes(difference)}, ${percent(difference / plainPeakBytes, true)}). ` +
        `The boundaries change what is evaluated together, so these figures show where memory goes; the plain peak shows how much. ${which}`,
    ),
    shown.length === 0
      ? ''
      : responsiveChart((canvas) =>
          stackedBars(
            {
              title: `Active and transient memory of ${model} by ${word}`,
              bars: shown.map((part) => ({
                label: part.stage === undefined ? part.name : `${part.name} (${part.stage})`,
                parts: [
                  { name: 'active before', value: part.activeBeforeBytes },
                  { name: 'transient', value: part.transientBytes },
                ],
              })),
              axis: 'memory',
            },
            canvas,
          ),
        ),
    partsTable(shown),
    aliveAtPeak(model, attribution),
  ].join('');
}

function partsTable(parts: readonly AttributedPart[]): string {
  return table(
    ['part', number('active before'), number('peak'), number('transient'), number('active after'), 'outputs'],
    parts.map((part) => [
      part.name,
      megabytes(part.activeBeforeBytes),
      megabytes(part.peakBytes),
      megabytes(part.transientBytes),
      megabytes(part.activeAfterBytes),
      part.outputs
        .map(
          ({ name, shape, dtype, bytes }) => `${name} [${shape.join(' × ')}] ${dtype}, ${formatBytes(bytes)}`,
        )
        .join('; '),
    ]),
  );
}

/** One bar of what was alive in the part that peaked highest. */
function aliveAtPeak(model: string, { aliveAtPeak: alive }: Attribution): string {
  const byDtype = (word: string, bytesByDtype: Readonly<Record<string, number>>) =>
    Object.entries(bytesByDtype).map(([dtype, value]) => ({ name: `${word}, ${dtype}`, value }));
  const parts = [
    ...byDtype('weights', alive.weightBytesByDtype),
    ...byDtype('passed between parts', alive.valueBytesByDtype),
    { name: 'temporaries', value: alive.temporaryBytes },
  ].filter(({ value }) => value > 0);
  if (parts.length === 0) {
    return '';
  }
  return [
    paragraph(
      'Memory alive in the part with the highest peak: weights, values passed from one part to another, and temporaries inside the part.',
    ),
    responsiveChart((canvas) =>
      stackedBars(
        {
          title: `What was alive at the peak of ${model}`,
          bars: [{ label: alive.part, parts }],
          axis: 'memory',
        },
        canvas,
      ),
    ),
  ].join('');
}

/** Markup. */
export const leaksTable = (leaks: readonly ChannelVerdict[], rule = leakRuleNote): string =>
  table(
    ['channel', 'verdict', number('growth per iteration'), 'details'],
    leaks.map((verdict) => [
      judgedName(verdict),
      { markup: leakStatusMark(verdict.status) },
      verdict.status === 'inconclusive' && verdict.first === undefined
        ? none
        : channelAmount(verdict.channel, verdict.ratePerIteration, { sign: true }),
      channelSentence(verdict),
    ]),
  ) +
  leaks.map(cacheContent).join('') +
  paragraph(rule, 'muted');

const leakRuleNote =
  'A leak is reported where a series rises overall and in each half separately, and again in a confirmation run of twice the length.';

/** A kept cache's rates, and what to do about it. */
function cacheContent(verdict: ChannelVerdict): string {
  const rates = verdict.cache === undefined ? [] : cacheRates(verdict.cache);
  return rates.length === 0
    ? ''
    : table(
        ['growth of the cache', number('bytes'), number('95% interval')],
        rates.map(([per, { estimate, low, high }]) => [
          `cache per ${per}`,
          formatBytes(estimate),
          `${formatBytes(low)} to ${formatBytes(high)}`,
        ]),
      ) +
        cacheRemedySentences(verdict)
          .map((sentence) => paragraph(sentence))
          .join('');
}

function channelSentence(verdict: ChannelVerdict): string {
  const { channel, status, ratePerIteration, smallestDetectable, first, confirmation, reason } = verdict;
  const bound =
    smallestDetectable === undefined
      ? ''
      : `No leak above ${channelAmount(channel, smallestDetectable)} per iteration.`;
  switch (status) {
    case 'leak':
      return `Rises by ${channelAmount(channel, ratePerIteration)} per iteration${
        confirmation === undefined ? '' : `, confirmed over ${counted(confirmation.count, 'iteration')}`
      }.`;
    case 'no-leak':
      return bound === '' ? 'No leak.' : bound;
    case 'plateau':
      return `Grew at first, then leveled off. ${bound}`.trim();
    case 'cache-growth':
      return 'Rises with the allocator’s cache, which can be cleared.';
    case 'inconclusive':
      return `Undetermined: ${reason ?? 'the series cannot be read'}${
        first?.rising === true && channel !== cacheChannel ? '; a longer run is needed' : ''
      }.`;
    case 'constant':
    case 'levels-off':
    case 'bounded':
    case 'grows': {
      const clause = cacheClause(verdict);
      return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
    }
  }
}
