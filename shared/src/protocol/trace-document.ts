/** The trace of one utterance, operation by operation: part of a profile's document, in columns, since it has 20,000 rows. */

import * as v from 'valibot';
import { bytes, count, seconds, text } from './quantities.ts';

/**
 * In which order the operations of a graph are evaluated. `mlx`: as MLX's own evaluation would, breadth first with a limited
 * width. `depth-first`: each result as late as it is needed, an operation's inputs in their order.
 */
export const evaluationOrders = ['mlx', 'depth-first'] as const;

/** Which orders are traced: one, or all of them, each operation of MLX's own order waited for and not. */
export const traceOrders = [...evaluationOrders, 'all'] as const;

export type TraceOrder = (typeof traceOrders)[number];

export type EvaluationOrder = (typeof evaluationOrders)[number];

/** An index into a list of the same trace. */
const index = count;
/** The same, or -1 for none. */
const indexOrNone = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));

/**
 * What a buffer holds. `weight`: what the model was loaded with. `input`: what was there when the utterance began (the style,
 * the tokens) and constants of the graph. `activation`: what an operation made. `from-weights`: what operations made of weights
 * and constants alone: a weight normalized, widened to another dtype, or expanded from its packed form. `temporary`: what an operation
 * needed beside what it read and gave, where MLX tells.
 */
export const bufferKinds = ['weight', 'input', 'activation', 'from-weights', 'temporary'] as const;

export type BufferKind = (typeof bufferKinds)[number];

/** What is alive at one time: buffers of these kinds, and what was active before and belongs to no buffer. */
export type AliveKind = BufferKind | 'unknown';

export const operationTrace = v.pipe(
  v.object({
    order: v.picklist(evaluationOrders),
    /**
     * Whether MLX ran ahead as it does by itself, some operations queued and their inputs alive until they are done; otherwise each
     * operation was waited for before the next began. Only in MLX's own order; on a GPU with one operation a command buffer.
     */
    queued: v.exactOptional(v.boolean()),
    /** Active memory when the first operation began, and how much of it no buffer below accounts for. */
    startBytes: bytes,
    unknownBytes: bytes,
    /** The most that was active while traced. */
    peakBytes: bytes,
    /**
     * The peak of the same work, in the same order and the same process, without a trace. Where MLX ran ahead, the median of
     * several iterations.
     */
    plainPeakBytes: bytes,
    /** Whether the audio was that of the same work without a trace, bit for bit. */
    sameAudio: v.boolean(),
    seconds,
    /** The names that the columns below refer to by their place. */
    names: v.object({
      /** MLX's names of operations: `Matmul`. */
      operations: v.array(text),
      /** The paths of the layers that asked for them, by the checkpoint's names; the stage's name where no layer did. */
      layers: v.array(text),
      /** The stages of the network, in the order in which they ran: `generator`. */
      stages: v.array(text),
      dtypes: v.array(text),
      shapes: v.array(v.array(count)),
      /** Of buffers that were there before: a weight's key, or what an input is. */
      tensors: v.array(text),
      /** Of each of those, the place of its dtype and of its shape among the names. */
      tensorDtypes: v.exactOptional(v.array(index)),
      tensorShapes: v.exactOptional(v.array(index)),
    }),
    /** One entry an operation, in the order in which they ran. */
    operations: v.object({
      operation: v.array(index),
      layer: v.array(index),
      stage: v.array(index),
      shape: v.array(index),
      dtype: v.array(index),
      /** Of the elements of what it gave. */
      bytes: v.array(bytes),
      /** The buffer that holds its result: a new one, an input's that was donated, or one that the result is a view of. */
      buffer: v.array(index),
      /** Active memory after it, and the most during it. */
      activeBytes: v.array(bytes),
      peakBytes: v.array(bytes),
      /** Until the next one began; where MLX ran ahead on a GPU, until the next one was queued. */
      microseconds: v.array(count),
    }),
    /** One entry a buffer: first those that were there before, then those that operations made. */
    buffers: v.object({
      kind: v.array(v.picklist(bufferKinds)),
      /** As the allocator counts it. */
      bytes: v.array(bytes),
      /** Into `names.tensors`; -1 for what an operation made. */
      tensor: v.array(indexOrNone),
      /** The tensor that it was made of, for `from-weights` the largest of them; -1 otherwise. */
      source: v.array(indexOrNone),
      /** The operation that made it, the last one that read it, and the one after which it was gone; -1 for none. */
      madeBy: v.array(indexOrNone),
      lastReadBy: v.array(indexOrNone),
      freedAfter: v.array(indexOrNone),
    }),
  }),
  v.check(
    ({ operations }) => new Set(Object.values(operations).map((column) => column.length)).size === 1,
    'the columns of the operations are equally long',
  ),
  v.check(
    ({ buffers }) => new Set(Object.values(buffers).map((column) => column.length)).size === 1,
    'the columns of the buffers are equally long',
  ),
);

export type OperationTrace = v.InferOutput<typeof operationTrace>;

const denseCopy = v.object({
  /** The packed weight. */
  tensor: text,
  bytes,
});

/** Dense copies of packed, quantized weights in a trace: those that are alive at its peak, and the largest at any time. */
export const denseCopies = v.object({
  atPeak: v.array(denseCopy),
  largest: v.exactOptional(denseCopy),
});

export type DenseCopies = v.InferOutput<typeof denseCopies>;
