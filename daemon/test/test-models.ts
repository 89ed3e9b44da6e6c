/** The catalogue's models for tests: built once for all test files of a run. */

import { dirname } from 'node:path';
import { resolveEngine } from '../src/host/python-environment.ts';
import type { Engine } from '../src/host/transport.ts';
import { resolveModel } from '../src/models/resolve.ts';
import { temporaryFolder } from './temporary-folder.ts';

let dataFolder = process.env['TIDEMARK_TEST_MODELS'];

/** The folder of a model of the catalogue. A test file that runs alone builds it in a temporary folder. */
export async function testModelFolder(name: string): Promise<string> {
  if (dataFolder === undefined) {
    dataFolder = temporaryFolder();
  }
  return (await resolveModel(name, { dataFolder })).folder;
}

/** A value for TIDEMARK_HOME under which the named models are built. */
export async function testHome(...models: readonly [string, ...string[]]): Promise<string> {
  const [first] = await Promise.all(models.map(testModelFolder));
  // HOME/models/NAME.
  return dirname(dirname(first ?? ''));
}

/** mlx-audio in the environment that Tidemark makes, once for all test files of a run like a checkpoint. */
export async function testEngine(): Promise<Engine> {
  dataFolder ??= temporaryFolder();
  const engine = await resolveEngine({ engine: 'mlx-audio' }, { dataFolder });
  if (engine === undefined) {
    throw new Error('there is no engine');
  }
  return engine;
}
