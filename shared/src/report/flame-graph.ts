/**
 * What is alive at the peak as a flame graph in speedscope's format: bytes by the path of the layer that holds them. Format:
 * https://www.speedscope.app/file-format-schema.json.
 */

import { aliveAtPeak, layerOf } from '../analysis/trace/alive.ts';
import type { TracedBuffer } from '../analysis/trace/alive.ts';
import { namedTraces } from '../analysis/trace/named-traces.ts';
import { tracedOperation } from '../analysis/trace/picture.ts';
import { aliveWords, orderWords } from '../format/trace-words.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import type { OperationTrace } from '../protocol/trace-document.ts';

/** One profile for each trace. Throws a TidemarkError: 'bad-document' where there is no trace. */
export function flameGraph(document: RunDocument): string {
  const frames = new Map<string, number>();
  const frameOf = (name: string): number => {
    const place = frames.get(name) ?? frames.size;
    frames.set(name, place);
    return place;
  };
  const traces = namedTraces(document);
  const profiles = traces.map(({ model, trace }) => {
    const stacks = stacksAtPeak(trace);
    return {
      type: 'sampled',
      name: `${model}, ${orderWords(trace)}: alive at the peak`,
      unit: 'bytes',
      startValue: 0,
      endValue: stacks.reduce((sum, { bytes }) => sum + bytes, 0),
      samples: stacks.map(({ path }) => path.map(frameOf)),
      weights: stacks.map(({ bytes }) => bytes),
    };
  });
  const file = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'tidemark',
    name: `Memory alive at the peak of ${[...new Set(traces.map(({ model }) => model))].join(', ')}`,
    activeProfileIndex: 0,
    shared: { frames: [...frames.keys()].map((name) => ({ name })) },
    profiles,
  };
  return `${JSON.stringify(file)}\n`;
}

interface Stack {
  /** From the outside in. */
  readonly path: readonly string[];
  readonly bytes: number;
}

function stacksAtPeak(trace: OperationTrace): Stack[] {
  const { buffers, temporaryBytes, unknownBytes, operation } = aliveAtPeak(trace);
  const stacks: Stack[] = buffers.map((buffer) => ({
    path: [aliveWords[buffer.kind], ...layerOf(buffer).split('.'), leafOf(buffer)],
    bytes: buffer.bytes,
  }));
  if (temporaryBytes > 0) {
    const { layer, name } = tracedOperation(trace, operation, 0);
    stacks.push({ path: [aliveWords.temporary, ...layer.split('.'), name], bytes: temporaryBytes });
  }
  stacks.push({ path: [aliveWords.unknown], bytes: unknownBytes });
  // What is of one layer stands together.
  const inOrder = new Intl.Collator('en-US', { numeric: true });
  return stacks
    .filter(({ bytes }) => bytes > 0)
    .toSorted((a, b) => inOrder.compare(a.path.join('.'), b.path.join('.')));
}

const leafOf = ({ tensor, madeBy, shape, dtype }: TracedBuffer): string =>
  `${tensor?.replace(/^.*\./, '') ?? madeBy?.operation ?? 'array'} [${shape.join(' × ')}] ${dtype}`;
