/** Hands a checkpoint's tensors to the layers that are built from them, and records what does not fit. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { printableList } from '@tidemark/shared/printable.ts';
import { clearCache } from '../mlx/memory.ts';
import { contiguous, full, transpose } from '../mlx/ops.ts';
import type { QuantizationOptions } from '../mlx/ops.ts';
import { evaluate, keep, scope } from '../mlx/scope.ts';
import type { Tensor } from '../mlx/tensor.ts';

/**
 * MLX's own product with a packed weight, the one that a CPU computes in less time, or one that expands the whole weight. On a GPU
 * the first two are the same.
 */
export type QuantizedProduct = 'mlx' | 'blocked' | 'expanded';

export interface CheckpointOptions {
  /** How an error names the checkpoint: a file or a folder. */
  readonly description: string;
  /** How the module at a path is quantized, where its tensors say that it is. */
  readonly quantizationAt?: (path: string) => QuantizationOptions | undefined;
  /** Whose product multiplies by packed weights. Default: `blocked`. */
  readonly quantizedProduct?: QuantizedProduct | undefined;
  /** Keys that are allowed and ignored. */
  readonly ignores?: (key: string) => boolean;
  /** Whether convolution weights are in PyTorch's order; asked only where a shape alone does not tell. */
  readonly channelsFirst?: boolean;
}

/** The sizes of a convolution's weight, whichever order its axes are stored in. */
export interface KernelShape {
  readonly outer: number;
  readonly kernelSize: number;
  readonly inner: number;
}

/** An error lists this many keys of a kind and counts the rest. */
const listedKeys = 6;

/** What the network computes with. */
export const floatingDTypes: readonly string[] = ['float32', 'bfloat16', 'float16'];

/**
 * The named tensors of a checkpoint, which it owns from here on.
 *
 * A key that is missing or misshapen does not throw at once: the layer gets a stand-in (lazy zeros that nothing
 * evaluates), so that {@link assertFits} can report everything that is wrong with a file in one error.
 */
export class Checkpoint {
  readonly #tensors: Map<string, Tensor>;
  readonly #options: CheckpointOptions;
  readonly #used = new Set<string>();
  readonly #standIns: Tensor[] = [];
  readonly #missing = new Set<string>();
  readonly #misfits: string[] = [];

  constructor(tensors: ReadonlyMap<string, Tensor>, options: CheckpointOptions) {
    this.#tensors = new Map(tensors);
    this.#options = options;
  }

  /** A reader of all keys. */
  root(): Weights {
    return new Weights(this, '');
  }

  get tensors(): ReadonlyMap<string, Tensor> {
    return this.#tensors;
  }

  /** The keys that layers were built from, in the order in which the network has them. */
  get used(): readonly string[] {
    return [...this.#used];
  }

  has(key: string): boolean {
    return this.#tensors.has(key);
  }

  quantizationAt(path: string): QuantizationOptions | undefined {
    return this.#options.quantizationAt?.(path);
  }

  get quantizedProduct(): QuantizedProduct {
    return this.#options.quantizedProduct ?? 'blocked';
  }

  /** The tensor of the first of `keys` that is there, checked. */
  take(keys: readonly string[], shape: readonly number[], kind: 'floating' | 'packed'): Tensor {
    const key = keys.find((candidate) => this.#tensors.has(candidate));
    const tensor = key === undefined ? undefined : this.#tensors.get(key);
    if (key === undefined || tensor === undefined) {
      return this.#standIn(keys, shape);
    }
    this.#used.add(key);
    const fits = sameShape(tensor.shape, shape);
    const typed = kind === 'packed' ? tensor.dtype === 'uint32' : floatingDTypes.includes(tensor.dtype);
    if (!fits || !typed) {
      const wanted = kind === 'packed' ? 'uint32' : 'floating-point';
      this.misfit(
        `${key} is ${tensor.dtype} [${tensor.shape.join(', ')}], not ${wanted} [${shape.join(', ')}]`,
      );
      return this.#standIn([], shape);
    }
    return tensor;
  }

  /**
   * A convolution's weight in MLX's order, [outer, kernelSize, inner]. One in PyTorch's, [outer, inner, kernelSize], is
   * replaced by its row-contiguous transpose: no copy is then made in inference, and the original is not kept.
   */
  takeKernel(key: string, { outer, kernelSize, inner }: KernelShape): Tensor {
    const channelsLast = [outer, kernelSize, inner];
    const channelsFirst = [outer, inner, kernelSize];
    const tensor = this.#tensors.get(key);
    const isFirst = tensor !== undefined && sameShape(tensor.shape, channelsFirst);
    const isLast = tensor !== undefined && sameShape(tensor.shape, channelsLast);
    if (tensor === undefined || !isFirst || (isLast && this.#options.channelsFirst !== true)) {
      return this.take([key], channelsLast, 'floating');
    }
    const original = this.take([key], channelsFirst, 'floating');
    if (original !== tensor) {
      return this.#standIn([], channelsLast);
    }
    const transposed = scope(() => keep(contiguous(transpose(original, [0, 2, 1]))));
    this.#tensors.set(key, transposed);
    original.dispose();
    return transposed;
  }

  /** Records what is wrong with a key, for {@link assertFits}. */
  misfit(problem: string): void {
    this.#misfits.push(problem);
  }

  /** Throws one TidemarkError ('bad-checkpoint') that lists the missing, misshapen and unused keys, if there are any. */
  assertFits(): void {
    const unused = [...this.#tensors.keys()].filter(
      (key) => !this.#used.has(key) && this.#options.ignores?.(key) !== true,
    );
    const problems = [
      listed('missing', [...this.#missing]),
      listed('with the wrong shape or type', this.#misfits),
      listed('not part of the network', unused),
    ].filter((problem) => problem !== undefined);
    if (problems.length > 0) {
      throw new TidemarkError(
        'bad-checkpoint',
        `${this.#options.description} does not contain this network's weights: ${problems.join('; ')}.`,
        { hint: 'Check that the file is complete and that its config.json matches it.' },
      );
    }
  }

  /**
   * Reads every tensor into memory, one after the other, so that no more than one original and its transpose are
   * there beside the result. Frees what the network ignores.
   *
   * The allocator's cache is kept empty meanwhile. A tensor may otherwise get the larger buffer of an original that was
   * just freed, which counts whole in active memory for as long as the model is loaded.
   */
  materialize(): void {
    clearCache();
    for (const [key, tensor] of this.#tensors) {
      if (this.#used.has(key)) {
        evaluate(tensor);
        clearCache();
      } else {
        tensor.dispose();
        this.#tensors.delete(key);
      }
    }
  }

  dispose(): void {
    for (const tensor of [...this.#tensors.values(), ...this.#standIns]) {
      tensor.dispose();
    }
  }

  #standIn(missingKeys: readonly string[], shape: readonly number[]): Tensor {
    const [reported] = missingKeys;
    if (reported !== undefined) {
      this.#missing.add(reported);
    }
    const standIn = scope(() => keep(full(shape, 0)));
    this.#standIns.push(standIn);
    return standIn;
  }
}

/** A reader of the keys under one prefix; layers are built from it. */
export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly path: string;

  constructor(checkpoint: Checkpoint, path: string) {
    this.#checkpoint = checkpoint;
    this.path = path;
  }

  /** The reader one module further in: `weights.at('F0', 1)` reads `F0.1.…`. */
  at(...names: readonly (string | number)[]): Weights {
    return new Weights(this.#checkpoint, names.reduce<string>(join, this.path));
  }

  has(name: string): boolean {
    return this.#checkpoint.has(join(this.path, name));
  }

  /** A floating-point tensor of the given shape, under the first of its accepted names that is there. */
  tensor(name: string | readonly string[], shape: readonly number[]): Tensor {
    const names = typeof name === 'string' ? [name] : name;
    return this.#checkpoint.take(
      names.map((each) => join(this.path, each)),
      shape,
      'floating',
    );
  }

  /** A convolution's weight, [outer, kernelSize, inner] however it is stored. */
  kernel(name: string, shape: KernelShape): Tensor {
    return this.#checkpoint.takeKernel(join(this.path, name), shape);
  }

  /** Whether this module's weight is quantized: whether it has scales. */
  get isQuantized(): boolean {
    return this.has('scales');
  }

  /** The three tensors of a quantized [rows, columns] weight, and how it is quantized. */
  quantized(rows: number, columns: number): QuantizedWeight {
    const options = this.#checkpoint.quantizationAt(this.path);
    if (options === undefined) {
      this.#checkpoint.misfit(
        `${join(this.path, 'scales')} is present, but the configuration has no quantization for it`,
      );
    }
    const { groupSize, bits } = options ?? { groupSize: 64, bits: 4 };
    const groups = [rows, columns / groupSize];
    return {
      packed: this.#checkpoint.take([join(this.path, 'weight')], [rows, (columns * bits) / 32], 'packed'),
      scales: this.tensor('scales', groups),
      biases: this.tensor('biases', groups),
      options: { groupSize, bits },
      product: this.#checkpoint.quantizedProduct,
    };
  }
}

interface QuantizedWeight {
  /** uint32 [rows, columns · bits / 32]. */
  readonly packed: Tensor;
  /** [rows, columns / groupSize]. */
  readonly scales: Tensor;
  /** [rows, columns / groupSize]. */
  readonly biases: Tensor;
  readonly options: QuantizationOptions;
  readonly product: QuantizedProduct;
}

const join = (path: string, name: string | number): string =>
  path === '' ? String(name) : `${path}.${name}`;

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);

function listed(what: string, keys: readonly string[]): string | undefined {
  if (keys.length === 0) {
    return undefined;
  }
  return `${keys.length} ${what} (${printableList(keys, listedKeys)})`;
}
