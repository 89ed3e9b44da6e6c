/** Records the evaluation of graphs operation by operation. */

import type { EvaluationOrder, OperationTrace } from '@tidemark/shared/protocol/trace-document.ts';
import { native } from './native.ts';
import type { NativeHandle } from './native.ts';
import { tensorsIn } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** What the addon records; of the names of layers and stages it knows only the places. */
export interface TracedOperations extends Pick<
  OperationTrace,
  'startBytes' | 'unknownBytes' | 'operations' | 'buffers'
> {
  readonly names: Omit<OperationTrace['names'], 'layers' | 'stages'>;
}

const beginTrace = native<() => void>('beginTrace');
const knowTensors =
  native<(names: readonly string[], handles: readonly NativeHandle[], kind: 'weight' | 'input') => void>(
    'knowTensors',
  );
const labelGraph = native<(handle: NativeHandle, layer: number, stage: number) => void>('labelGraph');
const evaluateTraced =
  native<(handles: readonly NativeHandle[], order: EvaluationOrder, queued: boolean) => void>(
    'evaluateTraced',
  );
const readTrace = native<() => TracedOperations>('readTrace');
const endTrace = native<() => void>('endTrace');

export interface EvaluationManner {
  readonly order: EvaluationOrder;
  /** Whether MLX runs ahead as it does by itself, in its own order; otherwise each operation is waited for. */
  readonly queued: boolean;
}

/** A trace that is being taken. */
export interface OperationTracer {
  /** Names evaluated tensors that are there before the work. */
  know(tensors: Iterable<readonly [name: string, tensor: Tensor]>, kind: 'weight' | 'input'): void;
  /** Labels the operations that `output` still needs and that have no label yet, by places in lists of the caller's. */
  label(output: Tensor, place: { readonly layer: number; readonly stage: number }): void;
  /**
   * Evaluates, as {@link evaluate} does, and records. Every operation must have its label. In queued work an operation's time is
   * that of the thread that does it.
   */
  evaluate(values: unknown, manner: EvaluationManner): void;
}

const tracer: OperationTracer = {
  know: (tensors, kind) => {
    const list = [...tensors];
    knowTensors(
      list.map(([name]) => name),
      list.map(([, tensor]) => tensor.handle),
      kind,
    );
  },
  label: (output, { layer, stage }) => labelGraph(output.handle, layer, stage),
  evaluate: (values, { order, queued }) =>
    evaluateTraced(
      tensorsIn(values).map((tensor) => tensor.handle),
      order,
      queued,
    ),
};

/** Traces what `body` evaluates with the tracer; without one nothing is recorded, and nothing is slower. `body` is synchronous. */
export function traceOperations(body: (tracer: OperationTracer) => void): TracedOperations {
  beginTrace();
  try {
    body(tracer);
    return readTrace();
  } finally {
    endTrace();
  }
}
