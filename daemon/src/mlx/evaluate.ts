/** Runs graphs: the one place where lazy tensors become memory. */

import { native } from './native.ts';
import { tensorsIn } from './scope.ts';

/**
 * Evaluates every tensor in `values` (tensors, or arrays, maps and plain objects of them) and waits for the results.
 * Close the scope that built them first: a live handle pins its intermediate through the evaluation.
 */
export function evaluate(...values: readonly unknown[]): void {
  native.evaluate(tensorsIn(values).map((tensor) => tensor.handle));
}
