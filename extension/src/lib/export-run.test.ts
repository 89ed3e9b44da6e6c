import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleRun } from '../../../shared/test/example-messages.ts';
import { fullProfile } from '../../../shared/test/example-reports.ts';
import { exportRun } from './export-run.ts';

const detail = { record: exampleRun(7), document: fullProfile(), samples: [] };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tm-export-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a file that is there already is left alone', async () => {
  await writeFile(join(folder, 'tidemark-run-7.csv'), 'mine');
  expect(basename(await exportRun(detail, 'csv', folder))).toBe('tidemark-run-7-2.csv');
  expect(await readFile(join(folder, 'tidemark-run-7.csv'), 'utf8')).toBe('mine');
  expect((await readdir(folder)).length).toBe(2);
});

test('a folder that is not there is told as such', async () => {
  await expect(exportRun(detail, 'json', join(folder, 'none'))).rejects.toMatchObject({
    code: 'not-writable',
  });
});
