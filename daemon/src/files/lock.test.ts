/** One holder at a time, whoever it is, and none after it is gone. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { withLock } from './lock.ts';

const root = temporaryFolder();
const path = join(root, 'locks', 'one.lock');

test('callers of one process take turns, and the second is told once that it waits', async () => {
  const order: string[] = [];
  let waits = 0;
  const hold = (name: string) =>
    withLock(
      path,
      async () => {
        order.push(`${name} in`);
        await wait(50);
        order.push(`${name} out`);
        return name;
      },
      { onWait: () => (waits += 1) },
    );
  assert.deepEqual(await Promise.all([hold('a'), hold('b')]), ['a', 'b']);
  assert.deepEqual(order, ['a in', 'a out', 'b in', 'b out']);
  assert.equal(waits, 1);
});

test('an error in the body frees the lock', async () => {
  await assert.rejects(
    withLock(path, () => Promise.reject(new Error('on purpose'))),
    /on purpose/,
  );
  assert.equal(await withLock(path, () => Promise.resolve(1)), 1);
});

test('a killed holder holds nothing', async () => {
  const url = new URL('lock.ts', import.meta.url).href;
  const script = `
    const { withLock } = await import(${JSON.stringify(url)});
    await withLock(${JSON.stringify(path)}, () => { console.log('held'); return new Promise((r) => setTimeout(r, 60_000)); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  let waited = false;
  const next = withLock(path, () => Promise.resolve('mine'), {
    onWait: () => {
      waited = true;
      child.kill('SIGKILL');
    },
  });
  assert.equal(await next, 'mine');
  assert.equal(waited, true);
});

test('waiting ends with an abort', async () => {
  const controller = new AbortController();
  await withLock(path, async () => {
    const waiting = withLock(path, () => Promise.resolve(), {
      signal: controller.signal,
      onWait: () => controller.abort(),
    });
    await assert.rejects(waiting, { code: 'interrupted' });
  });
});

test('a lock that cannot be made is an error that says where', async () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  await assert.rejects(
    withLock(join(file, 'x.lock'), () => Promise.resolve()),
    {
      code: 'not-writable',
      message: /file cannot be written: part of the path is not a folder/,
    },
  );
  await assert.rejects(
    withLock(root, () => Promise.resolve()),
    { code: 'not-writable' },
  );
});
