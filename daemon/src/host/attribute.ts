/** Speaks once with evaluation at every border, and reads what each part of the network took. */

import type { AttributedPart } from '@tidemark/shared/protocol/attribution.ts';
import type { Kokoro } from '../kokoro/kokoro.ts';
import { evaluate } from '../mlx/evaluate.ts';
import { memorySnapshot, resetPeak, synchronize } from '../mlx/memory.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { withLayerObserver } from '../nn/observer.ts';
import type { AttributionReading } from './messages.ts';

export interface AttributedUtterance {
  readonly tokens: readonly number[];
  readonly style: Tensor;
  readonly granularity: 'stages' | 'layers';
  readonly deterministic: boolean;
  readonly speed: number;
}

/** Reads one part after the other: each ends where the next begins. */
class PartReader {
  readonly parts: AttributedPart[] = [];
  #activeBeforeBytes = 0;
  #startedAt = 0;

  begin(): void {
    synchronize();
    resetPeak();
    this.#activeBeforeBytes = memorySnapshot().activeBytes;
    this.#startedAt = performance.now();
  }

  /** Records what ran since the last border, with what it gave, and begins the next part. */
  end(name: string, outputs: Readonly<Record<string, Tensor>>, stage?: string): void {
    synchronize();
    const { activeBytes, peakBytes } = memorySnapshot();
    const peak = Math.max(peakBytes, this.#activeBeforeBytes);
    this.parts.push({
      name,
      ...(stage === undefined ? {} : { stage }),
      activeBeforeBytes: this.#activeBeforeBytes,
      activeAfterBytes: activeBytes,
      peakBytes: peak,
      transientBytes: peak - this.#activeBeforeBytes,
      outputs: Object.entries(outputs).map(([output, tensor]) => ({
        name: output,
        shape: [...tensor.shape],
        dtype: tensor.dtype,
        bytes: tensor.nbytes,
      })),
      seconds: (performance.now() - this.#startedAt) / 1000,
    });
    this.begin();
  }
}

/** Attributes one utterance. Its audio is let go. */
export function attribute(model: Kokoro, utterance: AttributedUtterance): AttributionReading {
  const { tokens, style, granularity, ...manner } = utterance;
  const reader = new PartReader();
  const alive = new Map<string, Tensor>();
  const aliveAt: { readonly part: string; readonly bytesByDtype: Record<string, number> }[] = [];
  const speak = (): Tensor => {
    reader.begin();
    return model.synthesize(tokens, style, {
      ...manner,
      graphs: 'stage',
      onEvaluated: ([stage = ''], values) => {
        const defined = Object.fromEntries(
          Object.entries<Tensor | undefined>(values).filter(
            (entry): entry is [string, Tensor] => entry[1] !== undefined,
          ),
        );
        // What was alive while the stage ran: values of earlier stages that were still to be read, and its own.
        for (const [name, tensor] of Object.entries(defined)) {
          alive.set(name, tensor);
        }
        for (const [name, tensor] of alive) {
          if (tensor.isDisposed) {
            alive.delete(name);
          }
        }
        aliveAt.push({ part: stage, bytesByDtype: bytesByDtype(alive.values()) });
        reader.end(
          granularity === 'stages' ? stage : `${stage}, between layers`,
          defined,
          granularity === 'stages' ? undefined : stage,
        );
      },
    }).audio;
  };
  const audio =
    granularity === 'stages'
      ? speak()
      : withLayerObserver((path, input, forward) => {
          evaluate(input);
          reader.end('between layers', {});
          const output = forward();
          evaluate(output);
          reader.end(path, { output });
          return output;
        }, speak);
  audio.dispose();
  return summarise(model, granularity, reader.parts, aliveAt);
}

function bytesByDtype(tensors: Iterable<Tensor>): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const tensor of tensors) {
    bytes[tensor.dtype] = (bytes[tensor.dtype] ?? 0) + tensor.nbytes;
  }
  return bytes;
}

function summarise(
  model: Kokoro,
  granularity: 'stages' | 'layers',
  parts: AttributedPart[],
  aliveAt: readonly { readonly part: string; readonly bytesByDtype: Record<string, number> }[],
): AttributionReading {
  const highest = parts.reduce((a, b) => (b.peakBytes > a.peakBytes ? b : a));
  const values = aliveAt.find(({ part }) => part === (highest.stage ?? highest.name))?.bytesByDtype ?? {};
  const weightBytesByDtype = bytesByDtype(model.weights().values());
  const known = [weightBytesByDtype, values].flatMap((each) => Object.values(each));
  return {
    granularity,
    parts:
      granularity === 'stages'
        ? parts
        : parts.filter(({ transientBytes, name }) => name !== 'between layers' || transientBytes > 0),
    instrumentedPeakBytes: highest.peakBytes,
    aliveAtPeak: {
      part: highest.name,
      weightBytesByDtype,
      valueBytesByDtype: values,
      temporaryBytes: Math.max(0, highest.peakBytes - known.reduce((sum, each) => sum + each, 0)),
    },
  };
}
