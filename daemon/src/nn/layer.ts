/** A layer of the network, and a way to watch every layer as it runs, for attribution. */

import type { Tensor } from '../mlx/tensor.ts';

export interface Layer {
  forward(x: Tensor): Tensor;
}

/** A layer of the module at `path`: `forward` by itself, or the watcher around it. */
export const layer = (path: string, forward: (x: Tensor) => Tensor): Layer => ({
  forward: (x) => observed(path, x, () => forward(x)),
});

/** Runs a layer's `forward`, with whatever the watcher does around it. `input` is what the layer reads. */
type LayerObserver = (path: string, input: Tensor, forward: () => Tensor) => Tensor;

let observer: LayerObserver | undefined;

/** What a layer's forward goes through: the layer itself, or the watcher and the layer. */
export function observed(path: string, input: Tensor, forward: () => Tensor): Tensor {
  return observer === undefined ? forward() : observer(path, input, forward);
}

/** Watches the layers that run within `body`, which is synchronous. Throws an Error where they are watched already. */
export function withLayerObserver<Result>(watch: LayerObserver, body: () => Result): Result {
  if (observer !== undefined) {
    throw new Error('withLayerObserver: the layers are already being watched');
  }
  observer = watch;
  try {
    return body();
  } finally {
    observer = undefined;
  }
}
