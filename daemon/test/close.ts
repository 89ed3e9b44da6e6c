/** Compares numbers that were computed in two ways. */

import assert from 'node:assert/strict';
import { Tensor } from '../src/mlx/tensor.ts';

export interface Difference {
  /** The largest difference over the largest expected magnitude. */
  readonly largest: number;
  /** The Euclidean norm of the difference over that of what was expected. */
  readonly euclidean: number;
}

/** How far `actual` is from `expected`. Throws where they differ in length. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  assert.equal(actual.length, expected.length, 'lengths differ');
  let largest = 0;
  let largestExpected = 0;
  let squares = 0;
  let expectedSquares = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const value = expected[index] ?? NaN;
    const error = Math.abs((actual[index] ?? NaN) - value);
    largest = Math.max(largest, error);
    largestExpected = Math.max(largestExpected, Math.abs(value));
    squares += error * error;
    expectedSquares += value * value;
  }
  return {
    largest: largest / (largestExpected || 1),
    euclidean: Math.sqrt(squares / (expectedSquares || 1)),
  };
}

/** Asserts that both measures of {@link difference} are within `tolerance`. */
export function assertClose(
  actual: Tensor | ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  what = 'the result',
): void {
  const { largest, euclidean } = difference(
    actual instanceof Tensor ? actual.toFloat32Array() : actual,
    expected,
  );
  assert.ok(
    largest <= tolerance && euclidean <= tolerance,
    `${what} is off by ${largest.toExponential(2)} (largest) and ${euclidean.toExponential(2)} (Euclidean)`,
  );
}
