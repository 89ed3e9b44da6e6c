/**
 * What has to be there before the extension is built or checked: its dependencies, its icons, the types of its preferences. In
 * Tidemark's repository, set-up installs what is missing, for `--with-daemon` the daemon too; elsewhere `npm ci` has done that.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const setUp = join(folder, '..', 'scripts', 'setup', 'main.js');

if (existsSync(setUp)) {
  const parts = process.argv.includes('--with-daemon') ? [] : ['--only-dependencies'];
  const { status } = spawnSync(process.execPath, [setUp, ...parts, '--with-extension'], { stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
} else if (!existsSync(join(folder, 'node_modules', '@raycast', 'api'))) {
  console.error('The dependencies are not installed. Run `npm ci`, then run the same command again.');
  process.exit(1);
}

const { makeAssets } = await import('./assets.mjs');
await makeAssets();

// `ray build` writes raycast-env.d.ts too, but the type checker needs it without a build. It goes where the process is.
process.chdir(folder);
const require = createRequire(import.meta.url);
const {
  generateTypeScriptDefinitions,
} = require('@raycast/api/dist/utils/generate-typeScript-definitions.js');
generateTypeScriptDefinitions(JSON.parse(await readFile('package.json', 'utf8')), []);
