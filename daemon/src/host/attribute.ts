/** Speaks once with evaluation at every border, and reads what each part of the network took. */

import type { AttributedPart, Granularity } from '@tidemark/shared/protocol/profile-document.ts';
import type { Kokoro } from '../kokoro/kokoro.ts';
import { evaluate } from '../mlx/scope.ts';
import { memorySnapshot, resetPeak, synchronize } from '../mlx/memory.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { withLayerObserver } from '../nn/layer.ts';
import type { AttributionReading } from './messages.ts';

export interface AttributedUtterance {
  readonly tokens: readonly number[];
  readonly style: Tensor;
  readonly granularity: Granularity;
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

/**
 * Attributes one utterance, whose audio is let go. By layers, a second pass evaluates at each layer's border too: the handles
 * of a stage's values then live until the stage ends, so what is active there is inflated, and a layer's transient is what
 * its figures are read for. What is alive at the peak always comes from the pass by stages.
 */
export function attribute(model: Kokoro, utterance: AttributedUtterance): AttributionReading {
  const byStages = new PartReader();
  const aliveAt: BytesAlive[] = [];
  speak(model, utterance, byStages, (stage, given, alive) => {
    aliveAt.push({ stage, bytesByDtype: bytesByDtype(alive) });
    byStages.end(stage, given);
  });
  const highest = byStages.parts.reduce((a, b) => (b.peakBytes > a.peakBytes ? b : a));
  const valueBytesByDtype = aliveAt.find(({ stage }) => stage === highest.name)?.bytesByDtype ?? {};
  const weightBytesByDtype = bytesByDtype(model.weights().values());
  const known = [weightBytesByDtype, valueBytesByDtype].flatMap((each) => Object.values(each));
  return {
    granularity: utterance.granularity,
    parts: utterance.granularity === 'layers' ? layerParts(model, utterance) : byStages.parts,
    instrumentedPeakBytes: highest.peakBytes,
    aliveAtPeak: {
      part: highest.name,
      weightBytesByDtype,
      valueBytesByDtype,
      temporaryBytes: Math.max(0, highest.peakBytes - known.reduce((sum, each) => sum + each, 0)),
    },
  };
}

interface BytesAlive {
  readonly stage: string;
  /** Of the values of earlier stages that were still to be read, and of the stage's own. */
  readonly bytesByDtype: Record<string, number>;
}

function speak(
  model: Kokoro,
  { tokens, style, deterministic, speed }: AttributedUtterance,
  reader: PartReader,
  onStage: (stage: string, given: Readonly<Record<string, Tensor>>, alive: Iterable<Tensor>) => void,
): void {
  const alive = new Set<Tensor>();
  reader.begin();
  const { audio } = model.synthesize(tokens, style, {
    deterministic,
    speed,
    graphs: 'stage',
    onEvaluated: ([stage = ''], values) => {
      const given = Object.fromEntries(
        Object.entries<Tensor | undefined>(values).filter(
          (entry): entry is [string, Tensor] => entry[1] !== undefined,
        ),
      );
      alive.forEach((tensor) => tensor.isDisposed && alive.delete(tensor));
      Object.values(given).forEach((tensor) => alive.add(tensor));
      onStage(stage, given, alive);
    },
  });
  audio.dispose();
}

/** The layers in the order in which they ran, and what ran between them where that took anything. */
function layerParts(model: Kokoro, utterance: AttributedUtterance): AttributedPart[] {
  const reader = new PartReader();
  withLayerObserver(
    (path, input, forward) => {
      evaluate(input);
      reader.end(betweenLayers, {});
      const output = forward();
      evaluate(output);
      reader.end(path, { output });
      return output;
    },
    () => speak(model, utterance, reader, (stage, given) => reader.end(betweenLayers, given, stage)),
  );
  // A layer does not know the stage that it runs in: that is told by the border that follows.
  let stage = '';
  return reader.parts
    .toReversed()
    .map((part) => {
      stage = part.stage ?? stage;
      return { ...part, stage };
    })
    .toReversed()
    .filter(({ name, transientBytes }) => name !== betweenLayers || transientBytes > 0);
}

const betweenLayers = 'between layers';

function bytesByDtype(tensors: Iterable<Tensor>): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const tensor of tensors) {
    bytes[tensor.dtype] = (bytes[tensor.dtype] ?? 0) + tensor.nbytes;
  }
  return bytes;
}
