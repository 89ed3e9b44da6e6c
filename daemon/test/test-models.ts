/** The catalogue's models for tests: built once for all test files of a run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { resolveModel } from '../src/models/resolve.ts';

let dataFolder = process.env['TIDEMARK_TEST_MODELS'];

/** The folder of a model of the catalogue. A test file that runs alone builds it in a temporary folder. */
export async function testModelFolder(name: string): Promise<string> {
  if (dataFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-models-'));
    after(() => rmSync(folder, { recursive: true, force: true }));
    dataFolder = folder;
  }
  return (await resolveModel(name, { dataFolder })).folder;
}
