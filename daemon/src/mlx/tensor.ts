/** A tensor on MLX's device: a counted handle with an owner, either a scope or whoever kept it. */

import { native } from './native.ts';
import type { DType, NativeHandle } from './native.ts';

export type { DType } from './native.ts';

/** What each dtype's elements are read into; float16 and bfloat16 are raw 16-bit words, complex64 pairs. */
export const elementArrays = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
} as const satisfies Record<DType, unknown>;

/** The typed array that {@link Tensor.toTypedArray} yields for a dtype. */
type ElementArray = InstanceType<(typeof elementArrays)[DType]>;

const shapeOf = native<(handle: NativeHandle) => number[]>('shape');
const dtypeOf = native<(handle: NativeHandle) => DType>('dtype');
const nbytesOf = native<(handle: NativeHandle) => number>('nbytes');
/** Copies evaluated, row-contiguous elements out, bfloat16 and float16 as raw 16-bit words. */
const readData = native<(handle: NativeHandle) => ArrayBuffer>('readData');
const nonFiniteOf = native<(handle: NativeHandle) => [nan: number, infinite: number]>('countNonFinite');
const disposeOf = native<(handle: NativeHandle) => void>('dispose');
const isDisposed = native<(handle: NativeHandle) => boolean>('isDisposed');

/**
 * A reference to one MLX array. Operations are lazy: a tensor is a node of a graph until `evaluate` runs it.
 *
 * The JavaScript collector does not see the memory behind it, so it is freed by {@link Tensor.dispose}: by the scope
 * that owns it, or by its keeper. A use after that is an error which names the operation.
 */
export class Tensor implements Disposable {
  readonly handle: NativeHandle;

  /** For this folder; elsewhere tensors come from operations and loaders. */
  constructor(handle: NativeHandle) {
    this.handle = handle;
  }

  get shape(): readonly number[] {
    return shapeOf(this.handle);
  }

  get dtype(): DType {
    return dtypeOf(this.handle);
  }

  /** Bytes of the elements, whether evaluated or not: size × item size. */
  get nbytes(): number {
    return nbytesOf(this.handle);
  }

  get isDisposed(): boolean {
    return isDisposed(this.handle);
  }

  /** The length of one axis; a negative axis counts from the end. Throws a RangeError when there is no such axis. */
  dim(axis: number): number {
    const length = this.shape.at(axis);
    if (length === undefined) {
      throw new RangeError(`dim: axis ${axis} is out of range for shape [${this.shape.join(', ')}]`);
    }
    return length;
  }

  /** Evaluates and copies the elements out, float16 and bfloat16 as raw 16-bit words. */
  toTypedArray(): ElementArray {
    return new elementArrays[this.dtype](readData(this.handle));
  }

  /** Evaluates and copies the elements of a float32 tensor out. Throws a TypeError for another dtype. */
  toFloat32Array(): Float32Array {
    const elements = this.toTypedArray();
    if (this.dtype !== 'float32' || !(elements instanceof Float32Array)) {
      throw new TypeError(`toFloat32Array: the tensor is ${this.dtype}, not float32`);
    }
    return elements;
  }

  /**
   * How many elements are NaN and how many infinite. Evaluates, and reads the elements where they lie: of a tensor that is
   * row-contiguous, nothing is copied or allocated.
   */
  countNonFinite(): { readonly nan: number; readonly infinite: number } {
    const [nan, infinite] = nonFiniteOf(this.handle);
    return { nan, infinite };
  }

  /** Releases the reference; the memory is freed when no graph refers to it either. A second call does nothing. */
  dispose(): void {
    disposeOf(this.handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Tensors that hold a native array now, over the whole process. */
export const liveTensors = native<() => number>('liveHandles');

/** Tensors that the collector found before anyone disposed of them: each is a bug, though its memory was freed then. */
export const undisposedTensors = native<() => number>('undisposedFinalized');
