/** Reproducible numbers for tests, and comparing those that were computed in two ways. */

import assert from 'node:assert/strict';
import { Tensor } from '../src/mlx/tensor.ts';

/** An element, or what no comparison passes. */
export const at = (values: ArrayLike<number>, index: number): number => values[index] ?? NaN;

/** A generator of numbers that look random, uniform in [-1, 1): Mulberry32. */
export function numbers(seed: number): (count: number) => Float32Array {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
  return (count) => Float32Array.from({ length: count }, next);
}

interface Difference {
  /** The largest difference over the largest expected magnitude. */
  readonly largest: number;
  /** The Euclidean norm of the difference over that of what was expected. */
  readonly euclidean: number;
}

/** How far `actual` is from `expected`. Throws where they differ in length. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  assert.equal(actual.length, expected.length, 'lengths differ');
  let largest = 0;
  let largestExpected = 0;
  let squares = 0;
  let expectedSquares = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const value = at(expected, index);
    const error = Math.abs(at(actual, index) - value);
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
