/** A voice: one style vector for each length that an utterance can have. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { isLfsPointerFile, lfsPointerError } from '../files/git-lfs.ts';
import { loadSafetensors } from '../mlx/safetensors.ts';
import { reshape, slice } from '../mlx/ops.ts';
import { evaluate, scope } from '../mlx/scope.ts';
import type { Tensor } from '../mlx/tensor.ts';
import { floatingDTypes } from '../nn/weights.ts';

const key = 'voice';

export class Voice implements Disposable {
  /** [lengths, 1, style]. */
  readonly #styles: Tensor;

  private constructor(styles: Tensor) {
    this.#styles = styles;
  }

  /**
   * Reads a safetensors file with the key `voice`, [lengths, 1, style]. Throws a TidemarkError ('bad-checkpoint') where it
   * holds something else.
   */
  static load(path: string): Voice {
    const bad = (problem: string, cause?: unknown): TidemarkError =>
      new TidemarkError('bad-checkpoint', `${path} ${problem}.`, {
        hint: 'Use a Kokoro voice file in safetensors format.',
        cause,
      });
    let tensors: Map<string, Tensor>;
    try {
      ({ tensors } = loadSafetensors(path));
    } catch (cause) {
      if (isLfsPointerFile(path)) {
        throw lfsPointerError('bad-checkpoint', path);
      }
      throw bad('is not a readable safetensors file', cause);
    }
    const styles = tensors.get(key);
    for (const tensor of tensors.values()) {
      if (tensor !== styles) {
        tensor.dispose();
      }
    }
    if (styles === undefined) {
      throw bad(`has no tensor named "${key}"`);
    }
    const { shape, dtype } = styles;
    if (!floatingDTypes.includes(dtype)) {
      styles.dispose();
      throw bad(`contains a voice of the dtype ${dtype}, not of a floating-point one`);
    }
    if (shape.length !== 3 || shape[1] !== 1 || shape[0] === 0) {
      styles.dispose();
      throw bad(`contains a tensor of shape [${shape.join(', ')}], not [lengths, 1, style]`);
    }
    evaluate(styles);
    return new Voice(styles);
  }

  get nbytes(): number {
    return this.#styles.nbytes;
  }

  /**
   * The style [1, style] for an utterance of this many phonemes: row `phonemeCount` − 1. It belongs to the enclosing scope, or
   * to the caller outside of any. Throws a TidemarkError ('bad-text') where the voice has no such row.
   */
  styleFor(phonemeCount: number): Tensor {
    const rows = this.#styles.dim(0);
    if (!Number.isInteger(phonemeCount) || phonemeCount < 1 || phonemeCount > rows) {
      throw new TidemarkError(
        'bad-text',
        `The voice has no style for ${phonemeCount} phonemes; it has styles for 1 to ${rows}.`,
        { hint: 'Split the text into shorter sentences.' },
      );
    }
    return scope(() => reshape(slice(this.#styles, 0, phonemeCount - 1, phonemeCount), [1, -1]));
  }

  dispose(): void {
    this.#styles.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
