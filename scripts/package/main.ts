/** `npm run package`: Tidemark as an npm package for one platform, compiled, with its addon, to be installed without a compiler. */

import { mkdirSync, renameSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { run } from '../setup/children.js';
import { Interrupted, SetupFailure } from '../setup/failures.js';
import { layoutOf } from '../setup/layout.js';
import { platformOf, thisMachine } from '../setup/platform.js';
import type { Platform } from '../setup/platform.js';
import { addonFor } from './addons.ts';
import { layOut } from './contents.ts';

const usage = `Writes dist/tidemark-VERSION-PLATFORM.tgz, which \`npm install -g FILE\` installs without a compiler.

Usage: npm run package -- [options]

  --platform NAME  linux-x64 or darwin-arm64 (default: both on Linux, which compiles the addon for the Mac too)
  --out FOLDER     where the packages go (default dist)
`;

const platforms = ['linux-x64', 'darwin-arm64'] as const;

const { values } = parseArgs({
  options: {
    platform: { type: 'string' },
    out: { type: 'string', default: 'dist' },
    help: { type: 'boolean', default: false },
  },
});
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort());
}

async function writePackage(platform: Platform, out: string): Promise<void> {
  const { signal } = interruption;
  const layout = layoutOf();
  const folder = join(layout.build, 'package', platform);
  const { version, files } = await layOut(folder, platform, await addonFor(platform, signal), signal);
  // Of npm's own, so that what is installed is what npm would publish.
  const words = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', out];
  const { status, output } = await run('npm', words, { cwd: folder, signal });
  if (status !== 0) {
    throw new Error(`npm did not pack ${folder}: ${output.trim()}`);
  }
  const [packed] = JSON.parse(output) as [
    { filename: string; size: number; unpackedSize: number; entryCount: number },
  ];
  if (packed.entryCount !== files) {
    throw new Error(`npm packed ${packed.entryCount} of the ${counted(files, 'file')} in ${folder}`);
  }
  const path = join(out, `tidemark-${version}-${platform}.tgz`);
  renameSync(join(out, packed.filename), path);
  // Without a leading point, npm would take the path for a repository of GitHub's.
  console.log(
    `./${relative('.', path)}  ${formatBytes(packed.size)}, ${counted(files, 'file')} of ${formatBytes(packed.unpackedSize)}`,
  );
}

async function main(): Promise<void> {
  const here = platformOf(thisMachine());
  const possible = here === 'linux-x64' ? platforms : [here];
  const asked = possible.filter((name) => values.platform === undefined || values.platform === name);
  if (asked.length === 0) {
    throw new SetupFailure(
      `A package for ${values.platform ?? ''} cannot be made here.`,
      `It can be made for ${possible.join(' or ')}.`,
    );
  }
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  for (const platform of asked) {
    await writePackage(platform, out);
  }
}

if (values.help) {
  process.stdout.write(usage);
} else {
  try {
    await main();
  } catch (error) {
    if (interruption.signal.aborted || error instanceof Interrupted) {
      console.error('Packaging was interrupted.');
      process.exitCode = 130;
    } else if (error instanceof SetupFailure) {
      console.error(`${error.message}\n${error.remedy}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}
