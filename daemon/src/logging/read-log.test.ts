/** Reading the log's last lines, and following it, while its files are renamed. */

import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../test/processes.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { LogReader, logFilesOf } from './read-log.ts';
import { RotatedFile } from './rotated-file.ts';

async function lastLines(
  path: string,
  count: number,
  isWanted?: (line: string) => boolean,
): Promise<string[]> {
  await using reader = await LogReader.open(path);
  return await reader.lastLines(count, isWanted);
}

test('the last lines are taken from as many files as they are in, oldest first', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  writeFileSync(`${log}.10`, 'zero\n');
  writeFileSync(`${log}.2`, 'one\ntwo\n');
  writeFileSync(`${log}.1`, 'three\n');
  writeFileSync(log, 'four\nfive\n');
  writeFileSync(`${log}.old`, 'no part of it\n');
  assert.deepEqual(await lastLines(log, 2), ['four', 'five']);
  assert.deepEqual(await lastLines(log, 4), ['two', 'three', 'four', 'five']);
  assert.deepEqual(await lastLines(log, 99), ['zero', 'one', 'two', 'three', 'four', 'five']);
  assert.deepEqual(await lastLines(log, 0), []);
  assert.deepEqual(await lastLines(log, 2, (line) => line.includes('e')), ['three', 'five']);
});

test('a log that was just renamed and not begun again is read from its renamed files', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  writeFileSync(`${log}.1`, 'one\n');
  assert.deepEqual(await logFilesOf(log), [`${log}.1`]);
  assert.deepEqual(await lastLines(log, 5), ['one']);
  assert.deepEqual(await logFilesOf(join(log, 'nothing', 'daemon.log')), []);
});

test('a file that is renamed after it was opened is not read twice', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  writeFileSync(log, 'one\ntwo\n');
  await using reader = await LogReader.open(log);
  renameSync(log, `${log}.1`);
  writeFileSync(log, 'three\n');
  assert.deepEqual(await reader.lastLines(10), ['one', 'two']);
});

interface Following {
  readonly told: string[];
  readonly end: () => Promise<void>;
}

async function follow(path: string): Promise<Following> {
  const reader = await LogReader.open(path);
  const told = await reader.lastLines(1000);
  const controller = new AbortController();
  const following = reader.follow({
    signal: controller.signal,
    onLine: (line) => told.push(line),
    pollMilliseconds: 5,
  });
  return {
    told,
    end: async () => {
      controller.abort();
      await following;
      await reader[Symbol.asyncDispose]();
    },
  };
}

test('lines that are added are told once each and in order, through rotations faster than it looks', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  const file = new RotatedFile({ path: log, maximumBytes: 400, files: 500 });
  const lineOf = (index: number): string => `line ${index} of this log`;
  for (let index = 0; index < 50; index += 1) {
    file.write(`${lineOf(index)}\n`);
  }
  const { told, end } = await follow(log);
  for (let index = 50; index < 2000; index += 1) {
    file.write(`${lineOf(index)}\n`);
    if (index % 250 === 0) {
      await until(() => told.includes(lineOf(index)), `line ${index} is told`);
    }
  }
  await until(() => told.includes(lineOf(1999)), 'the last line is told');
  await end();
  assert.deepEqual(
    told,
    Array.from({ length: 2000 }, (_, index) => lineOf(index)),
  );
});

test('a line that is written in pieces is told when it is whole, with its characters', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  writeFileSync(log, 'whole\nhal');
  const { told, end } = await follow(log);
  const rest = Buffer.from('f of Größe\n');
  const middle = rest.indexOf(0xc3) + 1;
  appendFileSync(log, rest.subarray(0, middle));
  await until(() => told.length === 1, 'the whole line is told');
  appendFileSync(log, rest.subarray(middle));
  await until(() => told.length === 2, 'the other line is told');
  await end();
  assert.deepEqual(told, ['whole', 'half of Größe']);
});

test('a log that is not there yet, or that is removed, is followed from when it is begun', async (t) => {
  const log = join(temporaryFolder(t), 'daemon.log');
  const { told, end } = await follow(log);
  writeFileSync(log, 'one\n');
  await until(() => told.length === 1, 'the first line is told');
  rmSync(log);
  writeFileSync(log, 'two\n');
  await until(() => told.length === 2, 'the line of the new file is told');
  await end();
  assert.deepEqual(told, ['one', 'two']);
});
