import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleInterruptedRun, exampleRun } from '../../../shared/test/example-messages.ts';
import { exampleSample } from '../../../shared/test/example-documents.ts';
import { fullProfile } from '../../../shared/test/example-reports.ts';
import { exportContent, writeExport } from './export-run.ts';

const detail = { record: exampleRun(7), document: fullProfile(), samples: [] };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tm-export-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('a file that is there already is left alone', async () => {
  await writeFile(join(folder, 'tidemark-run-7.csv'), 'mine');
  expect(basename(await writeExport(detail, 'csv', folder))).toBe('tidemark-run-7-2.csv');
  expect(await readFile(join(folder, 'tidemark-run-7.csv'), 'utf8')).toBe('mine');
  expect((await readdir(folder)).length).toBe(2);
});

test('a folder that is not there is told as such', async () => {
  await expect(writeExport(detail, 'json', join(folder, 'none'))).rejects.toMatchObject({
    code: 'not-writable',
  });
});

test('an export as JSON is the document, so that `tidemark compare` reads it', () => {
  const document = fullProfile();
  const content = exportContent({ record: exampleRun(), document, samples: [] }, 'json');
  expect(JSON.parse(content)).toEqual(document);
});

test('an export of a run without a document is its record with its samples, and no report', () => {
  const samplesOnly = { record: exampleInterruptedRun(), samples: [exampleSample(0)] };
  expect(JSON.parse(exportContent(samplesOnly, 'json'))).toEqual(samplesOnly);
  expect(() => exportContent(samplesOnly, 'html')).toThrow(/has no report/);
});
