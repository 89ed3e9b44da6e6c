/**
 * `npm run package:fetch-check`: fetches here what an installed package would fetch on another machine, a Mac unless told otherwise, by
 * the steps of set-up themselves, and checks every hash; and, with a Python, the environment of mlx-audio for it.
 */

import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { counted } from '@tidemark/shared/format/numbers.ts';
import { findPython, mlxAudioEnvironment } from '../../daemon/src/host/python-environment.ts';
import { runScript } from '../run-script.ts';
import type { Backend } from '../setup/backend.js';
import { run } from '../setup/children.js';
import { stepsFor } from '../setup/command-line.js';
import { SetupFailure } from '../setup/failures.js';
import { layoutOf } from '../setup/layout.js';
import type { Platform } from '../setup/platform.js';
import { thisMachine } from '../setup/platform.js';
import { setUp } from '../setup/set-up.js';
import { StepLines } from '../setup/step-lines.js';
import { packageFiles } from './manifest.ts';
import { requirementsFor } from './requirements-for.ts';

const usage = `Fetches what an installed package fetches with a backend of MLX's, and checks the hash of every file.

Usage: npm run package:fetch-check -- [options]

  --backend NAME  metal, cpu, or cuda (default metal; cuda has 2 GB of NVIDIA's)
  --keep FOLDER   keeps what was fetched and unpacked there
`;

const platforms: Readonly<Record<Backend, Platform>> = {
  metal: 'darwin-arm64',
  cpu: 'linux-x64',
  cuda: 'linux-x64',
};

/** The oldest that MLX has wheels for; of Linux, unlike of macOS, pip has to be told that it takes the wheels for older ones. */
const pythonPlatforms: Readonly<Record<Platform, readonly string[]>> = {
  'darwin-arm64': ['macosx_14_0_arm64'],
  'linux-x64': [
    ...Array.from({ length: 31 }, (_, below) => `manylinux_2_${35 - below}_x86_64`),
    ...['manylinux2014', 'manylinux2010', 'manylinux1'].map((name) => `${name}_x86_64`),
  ],
};
/** The Pythons that the environment may be made with. */
const pythons = ['3.11', '3.12', '3.13', '3.14'];

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'metal' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

interface Fetched {
  readonly files: number;
  readonly bytes: number;
}

/** What `tidemark setup` fetches: its own steps, but for the addon, which is in the package. */
async function checkSetup(backend: Backend, folder: string, signal: AbortSignal): Promise<Fetched> {
  const archives = new Map<string, number>();
  const layout = layoutOf(folder);
  const steps = stepsFor(layout, backend, { isForHere: false })
    .filter(({ name }) => name !== 'addon')
    // The driver is the other machine's.
    .map((step) => ({ ...step, needs: step.needs.filter((need) => need !== 'driver') }));
  const context = {
    machine: thisMachine(),
    platform: platforms[backend],
    backend,
    env: process.env,
    tools: {},
  };
  const fetched = (path: string): void => {
    archives.set(basename(path), statSync(path).size);
  };
  await setUp({ ...context, layout, signal, fetched }, steps, new StepLines(process.stderr));
  for (const [name, bytes] of archives) {
    console.log(`  ${name}  ${formatBytes(bytes)}`);
  }
  return { files: archives.size, bytes: [...archives.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** What `npm install` fetches besides the package, by the hashes that it carries. */
async function checkPackages(platform: Platform, folder: string, signal: AbortSignal): Promise<number> {
  const { manifest, shrinkwrap } = packageFiles(layoutOf().root, [platform]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(shrinkwrap));
  const [os = '', cpu = ''] = platform.split('-');
  // Into a cache of its own, so that each is fetched.
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--force'];
  const where = [`--os=${os}`, `--cpu=${cpu}`, '--cache', join(folder, 'cache')];
  const { status, output } = await run('npm', [...words, ...where], { cwd: folder, signal });
  if (status !== 0) {
    throw new SetupFailure('The npm packages could not be installed.', output.trim());
  }
  return Object.keys(shrinkwrap.packages).length - 1;
}

/** What `--engine mlx-audio` fetches, with each Python that it may be made with. */
async function checkEngine(
  platform: Platform,
  folder: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Fetched>> {
  const found = new Map<string, Fetched>();
  const python = await findPython(process.env, signal);
  const { requirements } = mlxAudioEnvironment(folder);
  mkdirSync(folder, { recursive: true });
  const list = join(folder, 'requirements.txt');
  writeFileSync(list, requirementsFor(platform, readFileSync(requirements, 'utf8')));
  for (const version of pythons) {
    const to = join(folder, version);
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
      '--dest',
      to,
    ];
    const which = pythonPlatforms[platform].flatMap((name) => ['--platform', name]);
    const how = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--requirement', list];
    const { status, output } = await run(python, [...pip, ...which, '--python-version', version, ...how], {
      signal,
    });
    if (status !== 0) {
      throw new SetupFailure(
        `mlx-audio's environment for Python ${version} could not be fetched.`,
        output.trim(),
      );
    }
    const sizes = readdirSync(to).map((name) => statSync(join(to, name)).size);
    found.set(version, { files: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) });
  }
  return found;
}

async function checkAll(signal: AbortSignal): Promise<void> {
  const backend = values.backend as Backend;
  const platform = platforms[backend] as Platform | undefined;
  if (platform === undefined) {
    throw new SetupFailure(
      `There is no backend ${backend}.`,
      `It can be ${Object.keys(platforms).join(', ')}.`,
    );
  }
  const folder = values.keep ?? join(layoutOf().build, `fetch-check-${process.pid}`);
  const said = ({ files, bytes }: Fetched): string =>
    `${counted(files, 'file')}, ${formatBytes(bytes)} (${bytes} bytes)`;
  try {
    console.log(`tidemark setup on ${platform} with MLX's ${backend} backend:`);
    console.log(`  ${said(await checkSetup(backend, join(folder, 'setup'), signal))}, every hash right`);
    const packages = await checkPackages(platform, join(folder, 'packages'), signal);
    console.log(`npm install: ${counted(packages, 'package')}, every hash right`);
    for (const [version, fetched] of await checkEngine(platform, join(folder, 'mlx-audio'), signal)) {
      console.log(`--engine mlx-audio with Python ${version}: ${said(fetched)}, every hash right`);
    }
  } finally {
    if (values.keep === undefined) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

await runScript({ help: values.help, usage, interrupted: 'The check was interrupted.' }, checkAll);
