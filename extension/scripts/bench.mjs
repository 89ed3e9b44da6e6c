/** Measures the extension as it is built: `npm run bench`. */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { build, extensionFolder, ownEnvironment } from './build.mjs';

const bundles = await mkdtemp(join(tmpdir(), 'tidemark-bundles-'));
try {
  await build(bundles);
  const { status } = spawnSync(process.execPath, ['--no-warnings', join('test', 'bench', 'main.ts')], {
    cwd: extensionFolder,
    env: { ...ownEnvironment(), TIDEMARK_BUNDLES: bundles },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  await rm(bundles, { recursive: true, force: true });
}
