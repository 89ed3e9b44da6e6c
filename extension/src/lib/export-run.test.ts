import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleInterruptedRun, exampleRun } from '@tidemark/client/testing/example-messages';
import { exampleSample } from '@tidemark/client/testing/example-documents';
import { fullProfile } from '@tidemark/client/testing/example-reports';
import { home } from '../../test/harness/surroundings.ts';
import { exportContent, writeExport } from './export-run.ts';

const detail = { record: exampleRun(7), document: fullProfile(), samples: [] };

test('a file that is there already is left alone', async () => {
  await writeFile(join(home.path, 'tidemark-run-7.csv'), 'mine');
  expect(basename(await writeExport(detail, 'csv', home.path))).toBe('tidemark-run-7-2.csv');
  expect(await readFile(join(home.path, 'tidemark-run-7.csv'), 'utf8')).toBe('mine');
  expect((await readdir(home.path)).length).toBe(2);
});

test('a folder that is not there is told as such', async () => {
  await expect(writeExport(detail, 'json', join(home.path, 'none'))).rejects.toMatchObject({
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
