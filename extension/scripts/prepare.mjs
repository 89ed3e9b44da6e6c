/** What has to be there before the extension is built or checked: its icons, and the types of its preferences. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { makeAssets } from './assets.mjs';

const require = createRequire(import.meta.url);
const folder = fileURLToPath(new URL('..', import.meta.url));

await makeAssets();

// `ray build` writes raycast-env.d.ts too, but the type checker needs it without a build. It goes where the process is.
process.chdir(folder);
const {
  generateTypeScriptDefinitions,
} = require('@raycast/api/dist/utils/generate-typeScript-definitions.js');
generateTypeScriptDefinitions(JSON.parse(await readFile('package.json', 'utf8')), []);
