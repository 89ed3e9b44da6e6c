/** A trace as a network like Kokoro leaves one: of any length, with buffers that add up to the memory that its operations read. */

import type { BufferKind, EvaluationOrder, OperationTrace } from '../src/protocol/trace-document.ts';
import { seededUniform } from './simulated-series.ts';

/** Of the network: its share of the operations, and the bytes of what one of them gives at most. */
const stages: readonly (readonly [name: string, share: number, mostBytes: number, layers: number])[] = [
  ['bert', 0.05, 300_000, 12],
  ['durationEncoder', 0.08, 150_000, 6],
  ['prosody', 0.12, 1_200_000, 8],
  ['textEncoder', 0.05, 200_000, 4],
  ['decoder', 0.2, 3_000_000, 10],
  ['generator', 0.5, 27_000_000, 30],
];

const operationNames = ['Convolution', 'Matmul', 'Add', 'Multiply', 'Reshape', 'Sin', 'AsType', 'Transpose'];

interface ExampleTraceOptions {
  readonly operations?: number;
  readonly order?: EvaluationOrder;
  readonly weightBytes?: number;
  /** Weights of which the network makes a dense copy that lives as long as the utterance. */
  readonly denseCopies?: number;
  readonly seed?: number;
}

export function exampleTrace({
  operations = 2200,
  order = 'mlx',
  weightBytes = 163_526_820,
  denseCopies = 0,
  seed = 1,
}: ExampleTraceOptions = {}): OperationTrace {
  const random = seededUniform(seed);
  const weights = 60;
  const names = { operations: operationNames, stages: stages.map(([name]) => name) };
  const layers = stages.flatMap(([name, , , count]) =>
    Array.from({ length: count }, (_, place) => `${name}.resblocks.${place}.convs1.0`),
  );
  const shapes = [[1, 512, 89], [1, 106_800, 128], [768], []];
  const tensors = [
    ...Array.from(
      { length: weights },
      (_, place) => `${layers[place % layers.length] ?? ''}.weight_${Math.floor(place / layers.length)}`,
    ),
    'style',
  ];
  const buffers: Record<string, number[]> & { kind: BufferKind[] } = {
    kind: [...Array.from({ length: weights }, () => 'weight' as const), 'input'],
    bytes: [
      ...Array.from({ length: weights }, (_, place) =>
        place === 0
          ? weightBytes - (weights - 1) * Math.floor(weightBytes / weights)
          : Math.floor(weightBytes / weights),
      ),
      1024,
    ],
    tensor: tensors.map((_, place) => place),
    source: tensors.map(() => -1),
    madeBy: tensors.map(() => -1),
    lastReadBy: tensors.map(() => operations - 1),
    freedAfter: tensors.map(() => -1),
  } as never;
  const unknownBytes = 20_480;
  const startBytes = unknownBytes + (buffers.bytes as number[]).reduce((sum, each) => sum + each, 0);
  const columns = Object.fromEntries(
    [
      'operation',
      'layer',
      'stage',
      'shape',
      'dtype',
      'bytes',
      'buffer',
      'activeBytes',
      'peakBytes',
      'microseconds',
    ].map((name) => [name, [] as number[]]),
  ) as Record<keyof OperationTrace['operations'], number[]>;
  /** By the operation after which they are gone. */
  const leaving = new Map<number, number>();
  let active = startBytes;
  let [stage, left, firstLayer] = [0, Math.ceil((stages[0]?.[1] ?? 0) * operations), 0];
  for (let operation = 0; operation < operations; operation += 1) {
    while (left <= 0 && stage < stages.length - 1) {
      firstLayer += stages[stage]?.[3] ?? 0;
      stage += 1;
      left = Math.ceil((stages[stage]?.[1] ?? 0) * operations);
    }
    left -= 1;
    const [, share, mostBytes, layerCount] = stages[stage] ?? ['', 1, 1, 1];
    const progress = 1 - left / Math.ceil(share * operations);
    const isCopy = operation % 7 === 3 && operation / 7 < denseCopies;
    const isView = random() < 0.2 && operation > 0 && !isCopy;
    const bytes = isCopy ? 4_000_000 : Math.round(mostBytes * (0.1 + 0.9 * progress) * random() ** 2) + 4;
    const isLong = random() < (order === 'mlx' ? 0.02 : 0.008);
    const life = isCopy
      ? operations
      : isLong
        ? Math.round(random() * operations * 0.03)
        : Math.round(random() * 4);
    const temporary = random() < 0.1 ? Math.round(mostBytes * random()) : 0;
    const freedAfter = operation + life >= operations - 1 ? -1 : operation + life;
    if (!isView) {
      buffers.kind.push(isCopy ? 'from-weights' : 'activation');
      const row = {
        bytes,
        tensor: -1,
        source: isCopy ? 10 * (operation % 6) + 3 : -1,
        madeBy: operation,
        lastReadBy: Math.min(operation + life, operations - 1),
        freedAfter,
      };
      for (const [name, value] of Object.entries(row)) {
        buffers[name]?.push(value);
      }
      active += bytes;
      leaving.set(freedAfter, (leaving.get(freedAfter) ?? 0) + bytes);
    }
    columns.operation.push(isCopy ? 6 : isView ? 4 : Math.floor(random() * operationNames.length));
    columns.layer.push(firstLayer + Math.min(layerCount - 1, Math.floor(progress * layerCount)));
    columns.stage.push(stage);
    columns.shape.push(Math.floor(random() * shapes.length));
    columns.dtype.push(random() < 0.3 ? 0 : 1);
    columns.bytes.push(bytes);
    columns.buffer.push(buffers.kind.length - 1);
    columns.peakBytes.push(active + temporary);
    active -= leaving.get(operation) ?? 0;
    columns.activeBytes.push(active);
    columns.microseconds.push(Math.round(20 + (bytes / 1000) * random()));
  }
  const peakBytes = columns.peakBytes.reduce((most, each) => Math.max(most, each), startBytes);
  return {
    order,
    startBytes,
    unknownBytes,
    peakBytes,
    plainPeakBytes: Math.round(peakBytes * 1.002),
    sameAudio: true,
    seconds: columns.microseconds.reduce((sum, each) => sum + each, 0) / 1e6,
    names: {
      ...names,
      layers,
      dtypes: ['float32', 'bfloat16', 'uint32'],
      shapes,
      tensors,
      tensorDtypes: tensors.map((_, place) => (place % 10 === 3 ? 2 : 1)),
      tensorShapes: tensors.map((_, place) => place % 3),
    },
    operations: columns,
    buffers: buffers as unknown as OperationTrace['buffers'],
  };
}
