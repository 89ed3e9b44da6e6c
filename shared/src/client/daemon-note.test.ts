import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { daemonOf, noteFileOf, processMark } from './daemon-note.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-note-'));
const children: ChildProcess[] = [];

after(() => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  rmSync(folder, { recursive: true, force: true });
});

function note(content: unknown): void {
  const path = noteFileOf(folder);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

async function childProcess(): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  assert.ok(child.pid !== undefined);
  return child as ChildProcess & { readonly pid: number };
}

const { pid } = process;
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

describe('a process', () => {
  test('has the same mark each time, and none once it is gone', async () => {
    const child = await childProcess();
    const mark = processMark(child.pid);
    assert.ok(mark !== undefined);
    await wait(50);
    assert.equal(processMark(child.pid), mark);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    assert.equal(processMark(child.pid), undefined);
  });

  test('has a mark that a later one does not have', async () => {
    // macOS tells seconds.
    await wait(process.platform === 'linux' ? 20 : 1100);
    const child = await childProcess();
    assert.notEqual(processMark(child.pid), processMark(pid));
  });
});

describe('the daemon of a data folder', () => {
  test('is the process of the note, and starts only for a while', () => {
    note({ pid, startedAt: ago(1), process: processMark(pid) });
    assert.deepEqual({ ...daemonOf(folder), startedAt: '' }, { pid, startedAt: '', isStarting: true });
    note({ pid, startedAt: ago(60), process: processMark(pid) });
    assert.equal(daemonOf(folder)?.isStarting, false);
  });

  test('is none where its process id is that of a process which began later', async () => {
    await wait(process.platform === 'linux' ? 20 : 1100);
    const later = await childProcess();
    for (const seconds of [0, 60, 86_400]) {
      note({ pid: later.pid, startedAt: ago(seconds), process: processMark(pid) });
      assert.equal(daemonOf(folder), undefined);
    }
  });

  test('is none where no process has the id', async () => {
    const child = await childProcess();
    note({ pid: child.pid, startedAt: ago(0), process: processMark(child.pid) });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    assert.equal(daemonOf(folder), undefined);
  });

  test('is believed without a mark only while it may be starting', () => {
    note({ pid, startedAt: ago(5) });
    assert.equal(daemonOf(folder)?.isStarting, true);
    note({ pid, startedAt: ago(300) });
    assert.equal(daemonOf(folder), undefined);
    // By a clock that was set back since.
    note({ pid, startedAt: ago(-3600) });
    assert.equal(daemonOf(folder), undefined);
  });

  test('is none where the note cannot be read', () => {
    const broken = [
      '',
      '{"pid":',
      'null',
      '[]',
      '7',
      {},
      { pid: 0, startedAt: ago(0) },
      { pid: -pid, startedAt: ago(0) },
      { pid: 1.5, startedAt: ago(0) },
      { pid: String(pid), startedAt: ago(0) },
      { pid },
      { pid, startedAt: 'yesterday' },
      { pid, startedAt: ago(0), process: 7 },
    ];
    for (const content of broken) {
      note(content);
      assert.equal(daemonOf(folder), undefined, JSON.stringify(content));
    }
    rmSync(noteFileOf(folder));
    assert.equal(daemonOf(folder), undefined);
  });
});
