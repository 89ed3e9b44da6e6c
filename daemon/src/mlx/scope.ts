/** Scopes own the tensors that operations make, and free them when they end; what outlives them can be evaluated. */

import type { EvaluationOrder } from '@tidemark/shared/protocol/trace-document.ts';
import { native } from './native.ts';
import type { NativeHandle } from './native.ts';
import { Tensor } from './tensor.ts';

const openScopes: Set<Tensor>[] = [];

/** Gives a fresh tensor to the innermost scope. Throws when there is none, since nobody would free it. */
export function own(tensor: Tensor, operation: string): Tensor {
  const scope = openScopes.at(-1);
  if (scope === undefined) {
    tensor.dispose();
    throw new Error(`${operation}: called outside a scope, so its result would never be freed`);
  }
  scope.add(tensor);
  return tensor;
}

/**
 * Takes a tensor out of the innermost scope that owns it: from here on the caller disposes of it.
 */
export function keep(tensor: Tensor): Tensor {
  for (let index = openScopes.length - 1; index >= 0; index -= 1) {
    if (openScopes[index]?.delete(tensor) === true) {
      break;
    }
  }
  return tensor;
}

/** Every tensor in a value: the value itself, or those in arrays, maps and plain objects, at any depth. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) {
    return [value];
  }
  if (Array.isArray(value)) {
    return value.flatMap(tensorsIn);
  }
  if (value instanceof Map) {
    return [...value.values()].flatMap(tensorsIn);
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.values(value).flatMap(tensorsIn);
  }
  return [];
}

/**
 * Runs `body` and frees every tensor that operations made in it, except those in what it returns, which pass to the
 * enclosing scope (or to the caller, where there is none) and those it handed to {@link keep}. Frees all when `body`
 * throws. `body` must be synchronous: a promise would outlive the scope.
 */
export function scope<Result>(body: () => Result): Result {
  const owned = new Set<Tensor>();
  openScopes.push(owned);
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TypeError('scope: the body returned a promise, but a scope ends before a promise settles');
    }
    const enclosing = openScopes.at(-2);
    for (const tensor of tensorsIn(result)) {
      if (owned.delete(tensor)) {
        enclosing?.add(tensor);
      }
    }
    return result;
  } finally {
    openScopes.pop();
    for (const tensor of owned) {
      tensor.dispose();
    }
  }
}

const evaluateAll = native<(handles: readonly NativeHandle[]) => void>('evaluate');

/**
 * Evaluates every tensor in `values` (tensors, or arrays, maps and plain objects of them) and waits for the results: here lazy
 * tensors become memory. Close the scope that built them first: a live handle pins its intermediate through the evaluation.
 */
export function evaluate(...values: readonly unknown[]): void {
  evaluateAll(tensorsIn(values).map((tensor) => tensor.handle));
}

const evaluateSteps =
  native<
    (handles: readonly NativeHandle[], order: EvaluationOrder, operations: number, bytes: number) => void
  >('evaluateInSteps');

/** How much is queued together: a number of operations, or fewer whose results have so many bytes. */
export interface EvaluationStep {
  readonly operations: number;
  readonly bytes: number;
}

const oneOperation: EvaluationStep = { operations: 1, bytes: Number.MAX_SAFE_INTEGER };

/**
 * The same in an order of the caller's, step by step. In steps of one, each operation is waited for before the next begins. In
 * longer ones two steps are queued at once, and within a step the order is MLX's own.
 */
export function evaluateInOrder(
  values: unknown,
  { order, step = oneOperation }: { order: EvaluationOrder; step?: EvaluationStep },
): void {
  evaluateSteps(
    tensorsIn(values).map((tensor) => tensor.handle),
    order,
    step.operations,
    step.bytes,
  );
}

const orderOf = native<(handles: readonly NativeHandle[], order: EvaluationOrder) => number[]>('orderByMlx');

/**
 * Evaluates as {@link evaluate} does, and tells where each operation stands in `order`, in the order in which MLX itself took
 * them: 0, 1, 2 and so on where both are the same.
 */
export const orderByMlx = (values: unknown, order: EvaluationOrder): readonly number[] =>
  orderOf(
    tensorsIn(values).map((tensor) => tensor.handle),
    order,
  );
