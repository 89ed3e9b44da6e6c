/** Handles: their counters, their end, and the errors that name the operation. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { clearCache, memorySnapshot, resetPeak } from './memory.ts';
import { native } from './native.ts';
import * as mx from './ops.ts';
import { evaluate, keep, scope } from './scope.ts';
import { Tensor, elementArrays, liveTensors, undisposedTensors } from './tensor.ts';
import type { DType } from './tensor.ts';

test('a tensor tells its shape, dtype and bytes before it is evaluated', () => {
  scope(() => {
    const tensor = mx.zeros([2, 3], 'bfloat16');
    assert.deepEqual(tensor.shape, [2, 3]);
    assert.equal(tensor.dtype, 'bfloat16');
    assert.equal(tensor.nbytes, 12);
    assert.equal(tensor.dim(-1), 3);
    assert.throws(() => tensor.dim(2), RangeError);
  });
});

test('every dtype of MLX has a name and can be read', () => {
  const read: Record<string, unknown> = {};
  scope(() => {
    for (const dtype of Object.keys(elementArrays) as DType[]) {
      const tensor = mx.astype(mx.full([2], 1), dtype);
      assert.equal(tensor.dtype, dtype);
      read[dtype] = tensor.toTypedArray().at(0);
      assert.throws(() => mx.reshape(tensor, [3]), new RegExp(`given ${dtype} \\[2\\], \\[3\\]`));
    }
  });
  assert.deepEqual(read, {
    ...{ bool: 1, uint8: 1, uint16: 1, uint32: 1, uint64: 1n, int8: 1, int16: 1, int32: 1, int64: 1n },
    ...{ float16: 0x3c00, bfloat16: 0x3f80, float32: 1, float64: 1, complex64: 1 },
  });
});

test('elements that are not finite are counted in every floating dtype', () => {
  scope(() => {
    const values = mx.array([1, NaN, Infinity, -Infinity, 0, -NaN, 65_504, -1e-7], [2, 4]);
    for (const dtype of ['float16', 'bfloat16', 'float32', 'float64', 'complex64'] as const) {
      assert.deepEqual(mx.astype(values, dtype).countNonFinite(), { nan: 2, infinite: 2 }, dtype);
    }
    // Whatever its strides, and where there is nothing to count.
    assert.deepEqual(mx.transpose(values, [1, 0]).countNonFinite(), { nan: 2, infinite: 2 });
    assert.deepEqual(mx.slice(values, 1, 0, 2).countNonFinite(), { nan: 2, infinite: 0 });
    assert.deepEqual(mx.full([3], 7, 'int32').countNonFinite(), { nan: 0, infinite: 0 });
    assert.deepEqual(mx.zeros([0, 4]).countNonFinite(), { nan: 0, infinite: 0 });
  });
});

test('counting them allocates nothing', () => {
  using samples = scope(() => mx.full([1, 100_000], 0.5));
  evaluate(samples);
  clearCache();
  resetPeak();
  const before = memorySnapshot();
  assert.deepEqual(samples.countNonFinite(), { nan: 0, infinite: 0 });
  assert.deepEqual(memorySnapshot(), before);
  // MLX's own counter, which its reset left at 0 and any allocation would have raised.
  assert.equal(native<() => number>('peakBytes')(), 0);
});

test('use after dispose is an error that names the operation and its arguments', () => {
  scope(() => {
    const a = mx.full([2, 2], 1);
    const b = mx.full([2, 2], 1);
    b.dispose();
    b.dispose();
    assert.throws(
      () => mx.matmul(a, b),
      /^Error: matmul: a tensor was used after .*float32 \[2, 2\], a disposed tensor/,
    );
    assert.throws(() => b.shape, /^Error: shape: a tensor was used after/);
  });
});

test("MLX's exceptions become errors with the operation's name and the shapes", () => {
  scope(() => {
    assert.throws(
      () => mx.matmul(mx.full([2, 3], 1), mx.full([2, 3], 1)),
      (error: Error) =>
        error.message.startsWith('matmul: ') && error.message.includes('float32 [2, 3], float32 [2, 3]'),
    );
    assert.throws(() => mx.reshape(mx.full([6], 1), [4]), /^Error: reshape: .*float32 \[6\], \[4\]/);
    assert.throws(
      () => mx.conv1d(mx.full([1, 4, 2], 1), mx.full([3, 9, 2], 1)),
      /conv1d: the kernel is longer/,
    );
  });
});

test('a function that the addon lacks is an error that says how to rebuild it', () => {
  assert.throws(() => native('noSuchFunction'), {
    code: 'native-addon',
    message: /does not match this version's sources/,
    hint: /npm run setup/,
  });
});

test('an object that is no tensor is refused, not reinterpreted', () => {
  const impostor = new Tensor({} as never);
  scope(() => {
    assert.throws(() => mx.square(impostor), /square: expected a tensor \(given an object\)/);
  });
});

test('a tensor that the collector finds undisposed is counted, and its memory freed', async () => {
  const collect = globalThis.gc;
  assert.ok(collect, 'the test runner passes --expose-gc');
  const lostBefore = undisposedTensors();
  const liveBefore = liveTensors();
  (() => {
    scope(() => {
      keep(mx.full([4], 1));
    });
  })();
  assert.equal(liveTensors(), liveBefore + 1);
  for (let attempt = 0; attempt < 20 && undisposedTensors() === lostBefore; attempt += 1) {
    collect();
    await turn();
  }
  assert.equal(undisposedTensors(), lostBefore + 1);
  assert.equal(liveTensors(), liveBefore);
});

test('a second thread is refused, since the streams belong to the first', () => {
  const script = `
    import { Worker, isMainThread } from 'node:worker_threads';
    await import(${JSON.stringify(new URL('./native.ts', import.meta.url).href)});
    if (isMainThread) {
      new Worker(new URL(import.meta.url), { eval: false }).on('error', (error) => console.log(error.message, error.cause?.message));
    }
  `;
  const url = `data:text/javascript,${encodeURIComponent(script)}`;
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `await import(${JSON.stringify(url)})`],
    {
      encoding: 'utf8',
    },
  );
  assert.match(stdout, /could not be loaded.*belong to one thread/);
});
