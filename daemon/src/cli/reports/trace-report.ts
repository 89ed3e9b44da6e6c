/** A trace as text: how it compares to the same work without one, and what is alive at its peak. */

import { aliveAtPeak, aliveByKind, groupAlive, layerOf } from '@tidemark/shared/analysis/trace/alive.ts';
import type { AliveAtPeak, AliveGroup, TracedBuffer } from '@tidemark/shared/analysis/trace/alive.ts';
import { copySentences, traceSentence } from '@tidemark/shared/analysis/trace/sentences.ts';
import { aliveWords } from '@tidemark/shared/format/trace-words.ts';
import { formatCount, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { OperationTrace } from '@tidemark/shared/protocol/trace-document.ts';
import { column, figures, inMb, inMegabytes, nothing, tableOf } from './layout.ts';
import type { Column } from './layout.ts';

/** The document has all of them. */
const shownLayers = 8;
const shownBuffers = 12;

/** What does not read 0.0 MB. */
const isShown = ({ bytes }: { readonly bytes: number }): boolean => bytes >= 50_000;

export function traceLines(model: string, trace: OperationTrace): string[] {
  const alive = aliveAtPeak(trace);
  const made = alive.buffers.filter(({ kind, bytes }) => kind !== 'weight' && isShown({ bytes }));
  return [
    traceSentence({ model, trace }),
    peakLine(trace, alive),
    '',
    tableOf(aliveByKind(alive).filter(isShown), [
      column('MB alive at the peak', ({ name }) => aliveWords[name]),
      ...groupColumns,
      figures('share', ({ bytes }) => formatPercent(bytes / alive.peakBytes)),
    ]),
    '',
    groupTable(
      'by dtype',
      groupAlive(alive.buffers, ({ dtype }) => dtype),
    ),
    '',
    groupTable('by layer, without weights', groupAlive(made, layerOf).slice(0, shownLayers)),
    '',
    tableOf(made.slice(0, shownBuffers), bufferColumns),
    ...(made.length > shownBuffers
      ? [`and ${formatCount(made.length - shownBuffers)} more, each smaller.`]
      : []),
    '',
    ...copySentences(trace),
  ];
}

/** Which operation runs at the peak, and what the buffers that are alive during it add up to. */
function peakLine({ operations, names }: OperationTrace, alive: AliveAtPeak): string {
  const { operation, knownBytes, peakBytes, buffers } = alive;
  const name = names.operations[operations.operation[operation] ?? -1] ?? 'none';
  const layer = names.layers[operations.layer[operation] ?? -1] ?? 'none';
  return (
    `The peak is at operation ${formatCount(operation + 1)} of ${formatCount(operations.bytes.length)}, ${name} of ${layer}. ` +
    `The ${formatCount(buffers.length)} buffers that are alive then add up to ${inMb(knownBytes)} (${formatPercent(knownBytes / peakBytes)}).`
  );
}

const groupColumns: readonly Column<AliveGroup>[] = [
  figures('MB', ({ bytes }) => inMegabytes(bytes)),
  figures('buffers', ({ buffers }) => formatCount(buffers)),
];

const groupTable = (header: string, groups: readonly AliveGroup[]): string =>
  tableOf(groups, [column(header, ({ name }) => name), ...groupColumns]);

const placeOf = (place: number | undefined): string =>
  place === undefined ? nothing : formatCount(place + 1);

const bufferColumns: readonly Column<TracedBuffer>[] = [
  figures('MB', ({ bytes }) => inMegabytes(bytes)),
  column('kind', ({ kind }) => aliveWords[kind]),
  column('layer', (buffer) => (buffer.madeBy === undefined ? (buffer.tensor ?? nothing) : layerOf(buffer))),
  column('operation', ({ madeBy }) => madeBy?.operation ?? nothing),
  column('shape', ({ shape, dtype }) => `[${shape.join(', ')}] ${dtype}`),
  figures('made at', ({ madeBy }) => placeOf(madeBy?.index)),
  figures('last read at', ({ lastReadBy }) => placeOf(lastReadBy)),
];
