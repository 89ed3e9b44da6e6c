/** Which parts of the network took how much, where borders were set between them. */

import { stackedBars } from '../format/charts/stacked-bars.ts';
import { formatBytes } from '../format/bytes.ts';
import type { AttributedPart, Attribution } from '../protocol/attribution.ts';
import { pagePalette, paragraph, responsiveChart, table } from './markup.ts';
import { megabytes, megabyteTick, percent, plural, signedMegabytes } from './words.ts';

/** The bars that are drawn; a network has hundreds of layers, of which few matter. */
const mostBars = 16;

/** Markup. `model` names the charts. */
export function stagesContent(model: string, attribution: Attribution): string {
  const { granularity, parts, instrumentedPeakBytes, plainPeakBytes } = attribution;
  const word = granularity === 'stages' ? 'stage' : 'layer';
  const shown =
    parts.length <= mostBars
      ? parts
      : parts.toSorted((a, b) => b.transientBytes - a.transientBytes).slice(0, mostBars);
  const which =
    shown.length === parts.length
      ? 'In the order in which they ran.'
      : `The ${shown.length} of ${plural(parts.length, word)} that took the most, the highest first.`;
  const difference = instrumentedPeakBytes - plainPeakBytes;
  return [
    paragraph(
      `Evaluated ${word} by ${word}, the network peaks at ${megabytes(instrumentedPeakBytes)}; without borders its median ` +
        `peak is ${megabytes(plainPeakBytes)} (${signedMegabytes(difference)}, ${percent(difference / plainPeakBytes, true)}). ` +
        `Borders change what is evaluated together, so these figures say where memory goes, and the plain peak how much. ${which}`,
    ),
    shown.length === 0
      ? ''
      : responsiveChart((width) =>
          stackedBars({
            title: `Active and transient memory of ${model} by ${word}, in MB`,
            bars: shown.map((part) => ({
              label: part.stage === undefined ? part.name : `${part.name} (${part.stage})`,
              parts: [
                { name: 'active before', value: part.activeBeforeBytes },
                { name: 'transient', value: part.transientBytes },
              ],
            })),
            width,
            palette: pagePalette,
            xLabel: 'memory in MB',
            formatTick: megabyteTick,
            formatValue: megabytes,
          }),
        ),
    partsTable(shown),
    aliveAtPeak(model, attribution),
  ].join('');
}

function partsTable(parts: readonly AttributedPart[]): string {
  const number = (title: string) => ({ title, numeric: true });
  return table(
    [
      { title: 'part' },
      number('active before'),
      number('peak'),
      number('transient'),
      number('active after'),
      { title: 'what it gave' },
    ],
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
    ...byDtype('passed on', alive.valueBytesByDtype),
    { name: 'temporaries', value: alive.temporaryBytes },
  ].filter(({ value }) => value > 0);
  if (parts.length === 0) {
    return '';
  }
  return [
    paragraph(
      'Alive where it peaked highest: weights, values that one part passes on to another, and temporaries inside the part.',
    ),
    responsiveChart((width) =>
      stackedBars({
        title: `What was alive at the peak of ${model}, in MB`,
        bars: [{ label: alive.part, parts }],
        width,
        palette: pagePalette,
        xLabel: 'memory in MB',
        formatTick: megabyteTick,
        formatValue: megabytes,
      }),
    ),
  ].join('');
}
