/** The data folder whose models test files share, for tests that start `tidemark` itself. */

import { dirname } from 'node:path';
import { testModelFolder } from './test-models.ts';

/** A value for TIDEMARK_HOME under which the named models are built. */
export async function testHome(...models: readonly [string, ...string[]]): Promise<string> {
  const [first] = await Promise.all(models.map(testModelFolder));
  // HOME/models/NAME.
  return dirname(dirname(first ?? ''));
}
