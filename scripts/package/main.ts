/** `npm run package`: Tidemark as an npm package for one platform, compiled, with its addon, to be installed without a compiler. */

import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { runScript } from '../run-script.ts';
import { SetupFailure } from '../setup/failures.js';
import { platformOf, thisMachine } from '../setup/platform.js';
import type { Platform } from '../setup/platform.js';
import { addonFor } from './addons.ts';
import type { PrebuiltAddon } from './addons.ts';
import { packClient } from './client.ts';
import { writeFormula } from './formula.ts';
import { writePackage } from './write.ts';

const usage = `Writes dist/tidemark-VERSION-PLATFORM.tgz, which \`npm install -g FILE\` installs without a compiler, and
dist/tidemark-VERSION.tgz, which is for every platform and is what is to be published, with dist/tidemark.rb, its formula for Homebrew; beside
them dist/tidemark-client-VERSION.tgz, the package @tidemark/client, on which the Raycast extension depends.

Usage: npm run package -- [options]

  --platform NAME    linux-x64, darwin-arm64, or all, which is the one for both (default: the three of them on Linux, which compiles
                     the addon for the Mac too)
  --version VERSION  a version other than that of the sources
  --out FOLDER       where the packages go (default dist)
`;

const { values } = parseArgs({
  options: {
    platform: { type: 'string' },
    version: { type: 'string' },
    out: { type: 'string', default: 'dist' },
    help: { type: 'boolean', default: false },
  },
});

async function writePackages(signal: AbortSignal): Promise<void> {
  const here = platformOf(thisMachine());
  const possible = here === 'linux-x64' ? (['linux-x64', 'darwin-arm64'] as const) : [here];
  const { platform: asked, version } = values;
  const wanted = [
    ...possible.map((platform) => [platform]),
    ...(possible.length > 1 ? [possible] : []),
  ].filter((platforms) => asked === undefined || asked === (platforms.length > 1 ? 'all' : platforms[0]));
  if (wanted.length === 0) {
    throw new SetupFailure(
      `A package for ${asked ?? ''} cannot be made here.`,
      `It can be made for ${possible.join(' or ')}.`,
    );
  }
  const addons = new Map<Platform, PrebuiltAddon>();
  for (const platform of new Set(wanted.flat())) {
    addons.set(platform, await addonFor(platform, signal));
  }
  for (const platforms of wanted) {
    const own = new Map([...addons].filter(([platform]) => platforms.includes(platform)));
    const out = resolve(values.out);
    const written = await writePackage(own, out, { signal, version });
    const { path, bytes, unpackedBytes, files } = written;
    // Without a leading point, npm would take the path for a repository of GitHub's.
    console.log(
      `./${relative('.', path)}  ${formatBytes(bytes)}, ${counted(files.length, 'file')} of ${formatBytes(unpackedBytes)}`,
    );
    if (platforms.length > 1) {
      console.log(`./${relative('.', await writeFormula(written, out, signal))}  its formula for Homebrew`);
    }
  }
  if (asked === undefined && version === undefined) {
    console.log(`./${relative('.', await packClient(resolve(values.out), signal))}`);
  }
}

await runScript({ help: values.help, usage, interrupted: 'Packaging was interrupted.' }, writePackages);
