/** Traces one utterance, operation by operation, beside the same work without a trace. */

import type { OperationTrace, TraceOrder } from '@tidemark/shared/protocol/trace-document.ts';
import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import type { Kokoro } from '../kokoro/kokoro.ts';
import { seedRandom } from '../mlx/ops.ts';
import { evaluate, evaluateInOrder } from '../mlx/scope.ts';
import { traceOperations } from '../mlx/trace.ts';
import type { EvaluationManner } from '../mlx/trace.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { withLayerObserver } from '../nn/layer.ts';
import { measure, settle } from './measure.ts';

export interface TracedUtterance {
  readonly tokens: readonly number[];
  readonly style: Tensor;
  readonly seed: number;
  readonly deterministic: boolean;
  readonly speed: number;
}

/** Traces the utterance in each order that was asked for, and says it as often without a trace, in the same order. */
export async function traceInOrders(
  model: Kokoro,
  utterance: TracedUtterance,
  order: TraceOrder,
): Promise<OperationTrace[]> {
  const traces: OperationTrace[] = [];
  for (const manner of mannersOf(order)) {
    const plain = await speakPlainly(model, utterance, manner);
    await settle();
    seedRandom(utterance.seed);
    const { trace, audio } = traceUtterance(model, utterance, manner);
    traces.push({
      ...trace,
      plainPeakBytes: spreadOf(plain.map(({ peakBytes }) => peakBytes)).median,
      sameAudio: plain.every(({ result }) => Buffer.compare(bytesOf(result), bytesOf(audio)) === 0),
    });
  }
  return traces;
}

/** MLX's own order is traced as MLX evaluates, with what it queues; of `all`, also with each operation waited for. */
function mannersOf(order: TraceOrder): EvaluationManner[] {
  const queued: EvaluationManner = { order: 'mlx', queued: true };
  const depthFirst: EvaluationManner = { order: 'depth-first', queued: false };
  switch (order) {
    case 'mlx':
      return [queued];
    case 'depth-first':
      return [depthFirst];
    case 'all':
      return [queued, { order: 'mlx', queued: false }, depthFirst];
  }
}

/** Iterations as the loop's; an evaluation that waits for each operation repeats to the byte. */
async function speakPlainly(
  model: Kokoro,
  { tokens, style, seed, deterministic, speed }: TracedUtterance,
  { order, queued }: EvaluationManner,
): Promise<{ readonly peakBytes: number; readonly result: Float32Array }[]> {
  const iterations = [];
  for (let iteration = 0; iteration < (queued ? 3 : 1); iteration += 1) {
    seedRandom(seed);
    iterations.push(
      await measure(() => {
        using audio = model.synthesize(tokens, style, {
          deterministic,
          speed,
          // By MLX itself, however the model's strategy would evaluate.
          evaluateGraph: queued ? evaluate : (values) => evaluateInOrder(values, { order }),
        }).audio;
        return audio.toFloat32Array();
      }),
    );
  }
  return iterations;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Speaks once and records each operation. */
function traceUtterance(
  model: Kokoro,
  { tokens, style, deterministic, speed }: TracedUtterance,
  manner: EvaluationManner,
): {
  readonly trace: Omit<OperationTrace, 'plainPeakBytes' | 'sameAudio'>;
  readonly audio: Float32Array;
} {
  const layers = new Map<string, number>();
  const stages: string[] = [];
  let audio: Float32Array = new Float32Array();
  const startedAt = performance.now();
  const { names, operations, ...traced } = traceOperations((tracer) => {
    tracer.know(model.weights(), 'weight');
    // The style is a view of the voice, which is there for all lengths of a text.
    tracer.know([['voice', style]], 'input');
    const label = (output: Tensor, path: string): void => {
      const layer = layers.get(path) ?? layers.size;
      layers.set(path, layer);
      // A stage is told when it ends: until then its place is the one after those that have ended.
      tracer.label(output, { layer, stage: stages.length });
    };
    withLayerObserver(
      (path, input, forward) => {
        const module = moduleOf(path);
        if (module !== '') {
          label(input, module);
        }
        const output = forward();
        label(output, path);
        return output;
      },
      () => {
        using speech = model.synthesize(tokens, style, {
          deterministic,
          speed,
          onBuilt: (stage, values) => {
            Object.values<Tensor | undefined>(values).forEach((value) => value && label(value, stage));
            stages.push(stage);
          },
          evaluateGraph: (values) => tracer.evaluate(values, manner),
        }).audio;
        audio = speech.toFloat32Array();
      },
    );
  });
  const { order, queued } = manner;
  return {
    audio,
    trace: {
      order,
      queued,
      ...traced,
      peakBytes: operations.peakBytes.reduce((most, each) => Math.max(most, each), traced.startBytes),
      seconds: (performance.now() - startedAt) / 1000,
      names: { ...names, layers: [...layers.keys()], stages },
      operations,
    },
  };
}

/** The module that a layer is a part of, which asked for what the layer reads: `resblocks.4` of `resblocks.4.convs1.2`. */
const moduleOf = (path: string): string => path.replace(/(^|\.)[^.]+(\.\d+)?$/, '');
