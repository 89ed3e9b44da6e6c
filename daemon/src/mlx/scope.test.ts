/** Who owns a tensor, and when it is freed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearCache, memorySnapshot, resetPeak, synchronize } from './memory.ts';
import * as mx from './ops.ts';
import { evaluate, keep, scope } from './scope.ts';
import { liveTensors } from './tensor.ts';

test('a scope frees what operations made in it', () => {
  const before = liveTensors();
  scope(() => {
    mx.add(mx.array([1, 2]), mx.array([3, 4]));
    assert.equal(liveTensors(), before + 3);
  });
  assert.equal(liveTensors(), before);
});

test('a scope spares the tensors in what it returns, at any depth', () => {
  const before = liveTensors();
  const { list, map } = scope(() => ({
    list: [mx.array([1]), { inner: mx.array([2]) }] as const,
    map: new Map([['a', mx.array([3])]]),
  }));
  assert.equal(liveTensors(), before + 3);
  list[0].dispose();
  list[1].inner.dispose();
  map.get('a')?.dispose();
  assert.equal(liveTensors(), before);
});

test('what an inner scope returns belongs to the outer one', () => {
  const before = liveTensors();
  scope(() => {
    const inner = scope(() => mx.square(mx.array([1, 2])));
    assert.equal(inner.isDisposed, false);
    assert.equal(liveTensors(), before + 1);
  });
  assert.equal(liveTensors(), before);
});

test('a kept tensor outlives every scope', () => {
  const before = liveTensors();
  const fromInner = scope(() => scope(() => keep(mx.array([7]))));
  const fromOuter = scope(() => {
    const outer = mx.array([8]);
    return scope(() => [keep(outer)]);
  });
  assert.deepEqual([...fromInner.toTypedArray()], [7]);
  assert.equal(liveTensors(), before + 2);
  for (const tensor of [fromInner, ...fromOuter]) {
    tensor.dispose();
  }
  assert.equal(liveTensors(), before);
});

test('a scope frees its tensors when its body throws', () => {
  const before = liveTensors();
  assert.throws(
    () =>
      scope(() => {
        mx.array([1]);
        throw new Error('on purpose');
      }),
    /on purpose/,
  );
  assert.equal(liveTensors(), before);
  assert.throws(() => mx.array([1]), /array: called outside a scope/);
});

test('an operation outside a scope throws and leaves no tensor behind', () => {
  const before = liveTensors();
  assert.throws(() => mx.zeros([2]), /full: called outside a scope/);
  assert.equal(liveTensors(), before);
});

test('a scope refuses a promise, which would outlive it', () => {
  assert.throws(() => scope(() => Promise.resolve(1)), /returned a promise/);
});

test('a graph evaluated after its scope closed reuses its buffers; one with live handles cannot', () => {
  const chain = () => {
    let x = mx.add(mx.randomUniform([2 ** 20]), 1);
    for (let step = 0; step < 6; step += 1) {
      x = mx.add(x, 1);
    }
    return x;
  };
  const transient = (run: () => void): number => {
    clearCache();
    const { activeBytes } = memorySnapshot();
    resetPeak();
    run();
    synchronize();
    return memorySnapshot().peakBytes - activeBytes;
  };
  const closed = transient(() => {
    const result = scope(chain);
    evaluate(result);
    result.dispose();
  });
  const open = transient(() => {
    scope(() => evaluate(chain()));
  });
  assert.ok(open >= 7 * 4 * 2 ** 20, `open: ${open}`);
  assert.ok(closed < open / 2, `closed: ${closed}, open: ${open}`);
});
