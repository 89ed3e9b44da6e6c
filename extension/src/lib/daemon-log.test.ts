import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { home } from '../../test/harness/surroundings.ts';
import { readLogTail } from './daemon-log.ts';

test('a line of JSON reads as a moment, a level and a message with its fields, and any other stays as it is', async () => {
  const path = join(home.path, 'daemon.log');
  const line = { level: 'warn', time: new Date(2025, 10, 24, 9, 5, 7, 42), pid: 4711, run: 12, msg: 'Slow.' };
  await writeFile(path, `Segmentation fault\n${JSON.stringify(line)}\n`);
  expect(await readLogTail(path)).toEqual([
    '2025-11-24 09:05:07.042 WARN  Slow. run=12',
    'Segmentation fault',
  ]);
});

test('the newest line comes first', async () => {
  const path = join(home.path, 'daemon.log');
  await writeFile(path, 'first\nsecond\nthird\n');
  expect(await readLogTail(path, 2)).toEqual(['third', 'second']);
});

test('of a long log only whole lines of its end are read', async () => {
  const path = join(home.path, 'daemon.log');
  await writeFile(path, Array.from({ length: 50_000 }, (_, line) => `line ${line}`).join('\n'));
  const lines = await readLogTail(path, 1_000_000);
  expect(lines[0]).toBe('line 49999');
  expect(lines.length).toBeLessThan(20_000);
  expect(lines.at(-1)).toMatch(/^line \d{5}$/);
});

test('where there is no log yet there are no lines', async () => {
  expect(await readLogTail(join(home.path, 'none.log'))).toEqual([]);
});
