/** Handles: their counters, their end, and the errors that name the operation. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { native } from './native.ts';
import * as mx from './ops.ts';
import { keep, scope } from './scope.ts';
import { Tensor, liveTensors, undisposedTensors } from './tensor.ts';

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
    message: /does not match this checkout's sources/,
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
