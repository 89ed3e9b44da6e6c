/**
 * Runs the extension's tests, on Raycast's Node: `npm test`, or `npm test -- PATH…` for some. First components over the double
 * of Raycast's API, then the bundles that are built for it, against a real daemon.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { makeAssets } from './assets.mjs';
import { build, extensionFolder, ownEnvironment } from './build.mjs';

const require = createRequire(import.meta.url);
const contracts = join('test', 'contract');

/** Without Tidemark's repository these cannot be run: they make a model or a history with the daemon's own sources. */
const inRepositoryOnly = ['engines', 'figures', 'first-steps', 'launches', 'search', 'states'];
/** These need a daemon of this version, whose command anybody can have installed. */
const withDaemon = ['lifetime'];

const isInRepository = existsSync(join(extensionFolder, '..', 'daemon', 'bin', 'tidemark'));

/** Why a contract test is left out; undefined where it is run. */
async function reasonToSkip(file) {
  const name = basename(file, '.test.ts');
  if (isInRepository) {
    return undefined;
  }
  if (inRepositoryOnly.includes(name)) {
    return "it needs Tidemark's repository";
  }
  if (!withDaemon.includes(name)) {
    return undefined;
  }
  const { version } = JSON.parse(await readFile(join(extensionFolder, 'package.json'), 'utf8'));
  const { stdout, error } = spawnSync('tidemark', ['--version'], { encoding: 'utf8' });
  const found = stdout?.trim();
  if (error !== undefined) {
    return 'there is no command tidemark on the PATH';
  }
  return found === version ? undefined : `the command tidemark has the version ${found}, not ${version}`;
}

/** Raycast runs commands on Node 22; a newer one will do where its package is not to be had. */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `The extension's tests need Node 22.18 or newer, and this is ${process.versions.node}: run \`npm test\`.`,
  );
  process.exit(1);
}

function run(args, env = {}) {
  const child = spawn(process.execPath, args, {
    cwd: extensionFolder,
    env: { ...ownEnvironment(), ...env },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve, reject) =>
    child.once('error', reject).once('close', (code) => resolve(code === 0)),
  );
}

const paths = process.argv.slice(2);
const contractPaths = paths.filter((path) => path.includes(contracts));
const componentPaths = paths.filter((path) => !path.includes(contracts));

// The manifest's check and the double look at the pictures.
await makeAssets();

// Whatever the tests and their tools leave behind goes with this folder.
const folder = await mkdtemp(join(tmpdir(), 'tm-test-'));
const surroundings = { TMPDIR: folder, XDG_DATA_HOME: join(folder, 'data') };
let isGood = true;
try {
  if (paths.length === 0 || componentPaths.length > 0) {
    const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs');
    isGood = await run([vitest, 'run', ...componentPaths], surroundings);
  }
  if (paths.length === 0 || contractPaths.length > 0) {
    const bundles = join(folder, 'bundles');
    await build(bundles);
    const all = (await readdir(join(extensionFolder, contracts))).filter((name) => name.endsWith('.test.ts'));
    const asked = contractPaths.length > 0 ? contractPaths : all.map((name) => join(contracts, name));
    const files = [];
    for (const file of asked) {
      const reason = await reasonToSkip(file);
      if (reason === undefined) {
        files.push(file);
      } else {
        console.log(`Skipped ${file}: ${reason}.`);
      }
    }
    const flags = ['--no-warnings', '--expose-gc', '--test', '--test-reporter=spec', '--test-concurrency=1'];
    const passed = await run([...flags, ...files], {
      ...surroundings,
      TIDEMARK_BUNDLES: bundles,
      NODE_ENV: 'production',
    });
    isGood = passed && isGood;
  }
} catch (error) {
  console.error(error.message);
  isGood = false;
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = isGood ? 0 : 1;
