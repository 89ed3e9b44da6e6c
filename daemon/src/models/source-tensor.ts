/** A float32 tensor of a checkpoint that is computed only when it is read, so that a build never holds them all. */

export interface SourceTensor {
  readonly shape: readonly number[];
  /** Row-contiguous elements; a fresh array or a view, not to be written to. */
  read(): Float32Array;
}

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);
