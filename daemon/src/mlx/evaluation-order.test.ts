/** Evaluation in an order of the caller's: the order is MLX's own, results and donated buffers are the same. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbers } from '../../test/numbers.ts';
import { clearCache, memorySnapshot, resetPeak, synchronize } from './memory.ts';
import * as mx from './ops.ts';
import { evaluate, evaluateInOrder, orderByMlx, scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** Operations on random earlier results, some with several results: as many outputs as nobody reads. */
function randomGraph(seed: number, operations: number): Tensor[] {
  const random = numbers(seed);
  const next = (): number => Math.abs(random(1)[0] ?? 0) % 1;
  const options = { groupSize: 64, bits: 4 };
  return scope(() => {
    const made: Tensor[] = [mx.full([64, 64], 0.5), mx.full([64, 64], -0.25)];
    const read = new Set<Tensor>();
    const pick = (): Tensor => {
      const tensor = made[Math.floor(next() * made.length)] ?? made[0];
      assert.ok(tensor);
      read.add(tensor);
      return tensor;
    };
    for (let index = 0; index < operations; index += 1) {
      const kind = next();
      if (kind < 0.2) {
        const { packed, scales, biases } = mx.quantize(pick(), options);
        made.push(mx.dequantize(packed, scales, biases, options));
      } else {
        made.push(
          kind < 0.5 ? mx.sin(pick()) : kind < 0.9 ? mx.add(pick(), pick()) : mx.matmul(pick(), pick()),
        );
      }
    }
    return made.filter((tensor) => !read.has(tensor));
  });
}

test("the walk takes the operations of any graph in MLX's own order, and depth first in another", () => {
  let different = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const [count, wide] = [20 + 5 * seed, randomGraph(seed, 20 + 5 * seed)];
    const positions = orderByMlx(wide, 'mlx');
    assert.ok(positions.length >= count, `${positions.length} of ${count}`);
    assert.deepEqual(positions, [...positions.keys()], `graph ${seed}`);
    wide.forEach((tensor) => tensor.dispose());
    const again = randomGraph(seed, 20 + 5 * seed);
    const others = orderByMlx(again, 'depth-first');
    assert.deepEqual(
      others.toSorted((a, b) => a - b),
      [...others.keys()],
    );
    different += Number(others.some((position, index) => position !== index));
    again.forEach((tensor) => tensor.dispose());
  }
  assert.ok(different > 30, `${different} of 40 graphs`);
});

for (const order of ['mlx', 'depth-first'] as const) {
  for (const step of [
    { operations: 1, bytes: 1e9 },
    { operations: 7, bytes: 1e9 },
    { operations: 80, bytes: 64 },
  ]) {
    test(`in steps of ${step.operations} or ${step.bytes} B in the order ${order}, results are those of MLX's own evaluation`, () => {
      for (const seed of [3, 11]) {
        const [expected, actual] = [randomGraph(seed, 80), randomGraph(seed, 80)];
        evaluate(expected);
        evaluateInOrder(actual, { order, step });
        actual.forEach((tensor, index) =>
          assert.deepEqual(tensor.toTypedArray(), expected[index]?.toTypedArray()),
        );
        [...expected, ...actual].forEach((tensor) => tensor.dispose());
      }
    });
  }

  test(`in the order ${order}, an operation still writes into the buffer of an input that nobody else reads`, () => {
    const size = 2 ** 20;
    const x = scope(() => mx.contiguous(mx.full([size], 0.5)));
    evaluate(x);
    const chain = scope(() => {
      let y = mx.sin(x);
      for (let index = 0; index < 20; index += 1) {
        y = mx.sin(y);
      }
      return y;
    });
    synchronize();
    clearCache();
    resetPeak();
    const { activeBytes } = memorySnapshot();
    evaluateInOrder(chain, { order });
    synchronize();
    assert.equal(memorySnapshot().peakBytes - activeBytes, 4 * size);
    [x, chain].forEach((tensor) => tensor.dispose());
  });
}

test('depth first needs less where many results wait to be added up', () => {
  const size = 2 ** 18;
  const peakOf = (order: 'mlx' | 'depth-first'): number => {
    const sum = scope(() =>
      Array.from({ length: 12 }, (_, index) => mx.sin(mx.full([size], index))).reduce((a, b) => mx.add(a, b)),
    );
    resetPeak();
    const { activeBytes } = memorySnapshot();
    evaluateInOrder(sum, { order });
    synchronize();
    const { peakBytes } = memorySnapshot();
    sum.dispose();
    return peakBytes - activeBytes;
  };
  assert.ok(peakOf('depth-first') <= 0.5 * peakOf('mlx'), `${peakOf('depth-first')} ${peakOf('mlx')}`);
});

test('a step of no operation, and an order that there is not, are refused', () => {
  const x = scope(() => mx.sin(mx.full([1], 1)));
  for (const step of [
    { operations: 0, bytes: 1 },
    { operations: 1, bytes: 0 },
  ]) {
    assert.throws(() => evaluateInOrder(x, { order: 'mlx', step }), /evaluateInSteps: a step has/);
  }
  assert.throws(() => evaluateInOrder(x, { order: 'other' as 'mlx' }), /unknown order of evaluation other/);
  x.dispose();
});
