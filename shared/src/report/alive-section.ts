/** What is alive at the peak of a trace: by kind, by dtype, by layer, and array by array; and which of it copies a weight. */

import { aliveAtPeak, aliveByKind, groupAlive, layerOf } from '../analysis/trace/alive.ts';
import type { AliveAtPeak, AliveGroup, TracedBuffer } from '../analysis/trace/alive.ts';
import type { NamedTrace } from '../analysis/trace/named-traces.ts';
import { tracedOperation } from '../analysis/trace/picture.ts';
import { copySentences } from '../analysis/trace/sentences.ts';
import { stackedBars } from '../format/charts/bars.ts';
import { counted, formatCount } from '../format/numbers.ts';
import { aliveWords, orderWords } from '../format/trace-words.ts';
import type { AliveKind, OperationTrace } from '../protocol/trace-document.ts';
import { details, number, paragraph, responsiveChart, subheading, table } from './markup.ts';
import { megabytes, none, percent } from './words.ts';

/** Of the layers, and of the arrays: those that are shown at once, and those that a reader may ask for. */
const [mostLayers, mostArrays, mostAsked] = [12, 15, 300];

/** Markup. */
export function aliveContent(traces: readonly NamedTrace[]): string {
  const all = traces.map((each) => ({ ...each, alive: aliveAtPeak(each.trace) }));
  return [
    subheading('Alive at the peak'),
    responsiveChart((canvas) =>
      stackedBars(
        {
          title: 'What is alive at the peak, by kind',
          bars: all.map(({ model, trace, alive }) => ({
            label: `${model}, ${orderWords(trace)}`,
            parts: kindsInOrder(alive),
          })),
          axis: 'memory',
        },
        canvas,
      ),
    ),
    ...all.map(
      ({ model, trace, alive }) =>
        (all.length === 1 ? '' : subheading(`${model}, ${orderWords(trace)}`)) +
        paragraph(peakSentence(trace, alive)) +
        paragraph(copySentences(trace).join(' ')) +
        tables(alive),
    ),
  ].join('');
}

const order: readonly AliveKind[] = ['weight', 'from-weights', 'activation', 'temporary', 'input', 'unknown'];

const kindName = (name: string): string => aliveWords[name as AliveKind];

/** In one order for all traces, so that a color is one kind in all bars. */
const kindsInOrder = (alive: AliveAtPeak): { name: string; value: number }[] => {
  const groups = aliveByKind(alive);
  return order.map((kind) => ({
    name: aliveWords[kind],
    value: groups.find(({ name }) => name === kind)?.bytes ?? 0,
  }));
};

function peakSentence(trace: OperationTrace, { operation, peakBytes, buffers }: AliveAtPeak): string {
  if (trace.operations.operation.length === 0) {
    return 'There is no operation.';
  }
  const { name, layer } = tracedOperation(trace, operation, 0);
  return (
    `The peak of ${megabytes(peakBytes)} is during operation ${formatCount(operation + 1)}, ${name} of ${layer}, with ` +
    `${counted(buffers.length, 'array')} alive.`
  );
}

function tables(alive: AliveAtPeak): string {
  const { buffers } = alive;
  const share = (bytes: number): string => (alive.bytes === 0 ? none : percent(bytes / alive.bytes));
  const groups = (title: string, rows: readonly AliveGroup[]): string =>
    table(
      [title, number('arrays'), number('bytes'), number('share')],
      rows.map(({ name, bytes, buffers: count }) => [
        name,
        count === 0 ? none : formatCount(count),
        megabytes(bytes),
        share(bytes),
      ]),
    );
  const layers = groupAlive(
    buffers.filter(({ kind }) => kind !== 'weight'),
    layerOf,
  );
  return [
    groups(
      'kind',
      aliveByKind(alive).map((group) => ({ ...group, name: kindName(group.name) })),
    ),
    groups(
      'dtype',
      groupAlive(buffers, ({ dtype }) => dtype),
    ),
    groups('layer, without its weights', layers.slice(0, mostLayers)),
    layers.length <= mostLayers
      ? ''
      : paragraph(`${counted(layers.length - mostLayers, 'further layer')} hold less each.`, 'muted'),
    arraysTable(buffers.slice(0, mostArrays)),
    buffers.length <= mostArrays
      ? ''
      : details(
          buffers.length <= mostAsked
            ? `All ${formatCount(buffers.length)} arrays`
            : `The ${mostAsked} largest of ${formatCount(buffers.length)} arrays`,
          arraysTable(buffers.slice(0, mostAsked)),
        ),
  ].join('');
}

const placeText = (place: number | undefined): string =>
  place === undefined ? none : formatCount(place + 1);

const arraysTable = (buffers: readonly TracedBuffer[]): string =>
  table(
    [
      'array',
      { title: 'kind', className: 'word' },
      'shape and dtype',
      number('bytes'),
      number('made by operation'),
      number('last read by'),
    ],
    buffers.map((buffer) => [
      buffer.tensor ??
        (buffer.madeBy === undefined ? none : `${buffer.madeBy.operation} of ${buffer.madeBy.layer}`),
      kindName(buffer.kind),
      `[${buffer.shape.map(formatCount).join(' × ')}] ${buffer.dtype}`,
      megabytes(buffer.bytes),
      placeText(buffer.madeBy?.index),
      placeText(buffer.lastReadBy),
    ]),
  );
