/** `npm run mac-addon`: compiles the addon for the Mac and checks it, for `build/mac/` to be copied to a Mac. */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { layoutOf } from '../setup/layout.js';
import { addonFaults } from './addon-faults.ts';
import { buildMacAddon } from './build-addon.ts';
import { readMachO } from './mach-o.ts';
import { macToolchain } from './surroundings.ts';

const interruption = new AbortController();
process.on('SIGINT', () => interruption.abort());
process.on('SIGTERM', () => interruption.abort());

const toolchain = await macToolchain(interruption.signal);
const addon = await buildMacAddon(toolchain);
const faults = addonFaults(readMachO(readFileSync(addon)), toolchain.surroundings);
for (const fault of faults) {
  console.error(fault);
}
if (faults.length === 0) {
  console.log(
    `${relative(layoutOf().root, addon)} is ready for macOS 14 on Apple silicon. Copy it and tidemark.json to the same ` +
      'folder on a Mac, and setup there needs no compiler.',
  );
}
process.exitCode = faults.length === 0 ? 0 : 1;
