/** One set-up at a time, and none waits for one that is gone. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../daemon/test/temporary-folder.ts';
import { takeLock } from './lock.js';

const never = () => assert.fail('It waited');

test('a second set-up waits for the first, says for whom, and goes on afterwards', async (t) => {
  const lock = join(temporaryFolder(t), 'lock');
  const release = await takeLock(lock, { signal: new AbortController().signal, onWait: never });
  const holders: number[] = [];
  const second = takeLock(lock, {
    signal: new AbortController().signal,
    onWait: (holder) => holders.push(holder),
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(holders, [process.pid]);
  await release();
  const releaseSecond = await second;
  assert.equal(existsSync(lock), true);
  await releaseSecond();
  assert.equal(existsSync(lock), false);
});

test('a wait ends when it is interrupted', async (t) => {
  const lock = join(temporaryFolder(t), 'lock');
  await takeLock(lock, { signal: new AbortController().signal, onWait: never });
  const interruption = new AbortController();
  const second = takeLock(lock, {
    signal: interruption.signal,
    onWait: () => interruption.abort(),
  });
  await assert.rejects(second, { name: 'Interrupted' });
});

test('the lock of a process that is gone is taken', async (t) => {
  const lock = join(temporaryFolder(t), 'lock');
  const child = spawn('true');
  await new Promise((resolve) => child.once('close', resolve));
  writeFileSync(lock, `${child.pid ?? 0}\n`);
  const release = await takeLock(lock, { signal: new AbortController().signal, onWait: never });
  await release();
});

test('the lock of a process id that another program has now is taken', async (t) => {
  const lock = join(temporaryFolder(t), 'lock');
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill());
  await new Promise((resolve) => child.once('spawn', resolve));
  writeFileSync(lock, `${child.pid ?? 0}\n`);
  const release = await takeLock(lock, { signal: new AbortController().signal, onWait: never });
  await release();
});

test('an empty lock, left by a crash, is taken', async (t) => {
  const lock = join(temporaryFolder(t), 'lock');
  writeFileSync(lock, '');
  const release = await takeLock(lock, { signal: new AbortController().signal, onWait: never });
  await release();
});
