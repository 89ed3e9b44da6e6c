/** Plants leaks in this process on purpose, and what only looks like one, so that the leak check can be checked. */

import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { PlantKind } from '@tidemark/shared/protocol/command-documents.ts';
import { memorySnapshot, synchronize } from '../mlx/memory.ts';
import { contiguous, full } from '../mlx/ops.ts';
import { plantMalloc } from '../mlx/process.ts';
import { evaluate, scope } from '../mlx/scope.ts';
import type { Tensor } from '../mlx/tensor.ts';

const kibibyte = 2 ** 10;
const mebibyte = 2 ** 20;

/** Large beside the footprint's noise, which is 0.4 MB at the most, and small beside what an iteration takes. */
const mallocBytes = mebibyte;

/** A list of as many numbers, 8 bytes each. */
const listLength = 2048;

/** How many tensors the bounded cache holds, and after which iteration the step comes. */
const cacheCapacity = 6;
const stepIndex = 8;

/** Plants one kind at a time. What it plants is kept as long as the planter is. */
export class Planter {
  readonly #tensors: Tensor[] = [];
  readonly #lists: number[][] = [];
  readonly #descriptors: number[] = [];
  /** Of the last buffer that was planted in the cache. */
  #bufferBytes = mebibyte;

  /**
   * Plants `kind` after iteration `index` and returns by how much the channel that should show it has grown: for tensors by
   * MLX's counter, since its allocator may round up.
   */
  plant(kind: PlantKind, index: number): number {
    switch (kind) {
      case 'tensor-4-bytes':
        return this.#retain(4);
      case 'tensor-16-kibibytes':
        return this.#retain(16 * kibibyte);
      case 'tensor-1-mebibyte':
        return this.#retain(mebibyte);
      case 'every-third-iteration':
        return index % 3 === 2 ? this.#retain(16 * kibibyte) : 0;
      case 'native-malloc':
        plantMalloc(mallocBytes);
        return mallocBytes;
      case 'javascript-object':
        this.#lists.push(Array.from({ length: listLength }, (_, place) => index + place / listLength));
        return 8 * listLength;
      case 'undisposed-handle':
        drop(4);
        return 1;
      case 'file-descriptor':
        this.#descriptors.push(openSync(devNull, 'r'));
        return 1;
      case 'growing-cache':
        return this.#growCache();
      case 'limited-cache':
        return this.#sendToCache();
      case 'bounded-cache':
        return this.#retain(64 * kibibyte) + this.#evict();
      case 'one-step':
        return index === stepIndex ? this.#retain(mebibyte) : 0;
      case 'varying-lengths':
      case 'nothing':
        return 0;
      case 'python-object':
      case 'reference-cycle':
        throw new Error(`Planter: ${kind} is of hosts in Python`);
    }
  }

  #retain(bytes: number): number {
    const { activeBytes } = memorySnapshot();
    this.#tensors.push(tensorOf(bytes));
    // On a GPU what the tensor was filled from is let go of once its kernel is done, and not right when it is evaluated.
    synchronize();
    return memorySnapshot().activeBytes - activeBytes;
  }

  /**
   * Until the cache has grown by one buffer. The allocator also gives a buffer that is up to two of its pages too large, the
   * model's own too, and then nothing grows.
   */
  #growCache(): number {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const grown = this.#sendToCache();
      if (grown > 0) {
        return grown;
      }
    }
    throw new Error('growCache: the cache had a buffer for every size that was asked for');
  }

  /** A buffer larger than the one before, by a page as the allocators for GPUs count. Returns what the allocator took for it. */
  #sendToCache(): number {
    const before = heldBytes();
    this.#bufferBytes += 16 * kibibyte;
    tensorOf(this.#bufferBytes).dispose();
    // On a GPU a buffer comes back when its kernel is done.
    synchronize();
    return heldBytes() - before;
  }

  #evict(): number {
    const { activeBytes } = memorySnapshot();
    if (this.#tensors.length > cacheCapacity) {
      this.#tensors.shift()?.dispose();
    }
    return memorySnapshot().activeBytes - activeBytes;
  }
}

/** An evaluated tensor with memory of its own. Nobody but the caller holds it. */
function tensorOf(bytes: number): Tensor {
  const tensor = scope(() => contiguous(full([bytes / 4], 1)));
  evaluate(tensor);
  return tensor;
}

/** What MLX's allocator has of the system, in use or not. */
function heldBytes(): number {
  const { activeBytes, cacheBytes } = memorySnapshot();
  return activeBytes + cacheBytes;
}

/** Makes a tensor and forgets it, for the collector to find. */
function drop(bytes: number): void {
  tensorOf(bytes);
}
