/**
 * Runs the tests on the pinned Node, with a data folder of their own: `npm test`, or `npm test -- PATH…` for some. Those of the
 * Raycast extension, which has its own Node and its own runner, come last.
 *
 * Test files run one after another: many of them use all cores, and some of them measure. TIDEMARK_HOME is a new
 * folder; TIDEMARK_TEST_MODELS is a data folder whose models all test files share, so that each checkpoint is built
 * once (one given from outside is used, and left as it is).
 */

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { layoutOf } from './setup/layout.js';
import { pinnedNode } from './setup/package-files.js';
import { platformOf, thisMachine } from './setup/platform.js';

const testFolders = ['shared/src', 'daemon/src', 'daemon/test', 'scripts'];

const { root, build } = layoutOf();

/** @param {string} path as a person gave it */
function absoluteOf(path) {
  return resolve(process.env['INIT_CWD'] ?? root, path);
}

/**
 * @param {string} path
 * @returns {Promise<string>} a pattern for the test runner: all tests below a folder, or the file itself
 */
async function patternFor(path) {
  const absolute = absoluteOf(path);
  const fromRoot = relative(root, absolute);
  const isFolder = await stat(absolute).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? join(fromRoot, '**/*.test.{ts,js}') : fromRoot;
}

/** Under build/: the checkpoints take gigabytes, and a temporary folder is often in memory. */
async function newModelsFolder() {
  await mkdir(build, { recursive: true });
  for (const name of await readdir(build)) {
    const owner = /^test-models-(\d+)$/.exec(name)?.[1];
    // A run that was killed outright could not remove its own.
    if (owner !== undefined && !isAlive(Number(owner))) {
      await rm(join(build, name), { recursive: true });
    }
  }
  const folder = join(build, `test-models-${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const paths = args.filter((arg) => !arg.startsWith('-'));
const extensionFolder = join(root, 'extension');
const extensionPaths = paths
  .map(absoluteOf)
  .filter((path) => !relative(extensionFolder, path).startsWith('..'));
const ownPaths = paths.filter((path) => !extensionPaths.includes(absoluteOf(path)));
const patterns =
  paths.length === 0
    ? testFolders.map((folder) => `${folder}/**/*.test.{ts,js}`)
    : await Promise.all(ownPaths.map(patternFor));

const home = await mkdtemp(join(tmpdir(), 'tidemark-test-'));
const givenModels = process.env['TIDEMARK_TEST_MODELS'];
const models = givenModels ?? (await newModelsFolder());

const env = { ...process.env, TIDEMARK_HOME: home, TIDEMARK_TEST_MODELS: models };

/** @type {Set<import('node:child_process').ChildProcess>} */
const runners = new Set();
// A terminal sends Ctrl-C to the runner too; a signal sent to this process alone is passed on.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => runners.forEach((runner) => runner.kill(signal)));
}

/**
 * @param {string} node
 * @param {readonly string[]} parameters
 * @param {string} cwd
 * @returns {Promise<number>} the exit status
 */
async function run(node, parameters, cwd) {
  const runner = spawn(node, parameters, { cwd, env, stdio: 'inherit' });
  runners.add(runner);
  const status = await new Promise((/** @type {(status: number) => void} */ done) => {
    runner.once('error', (error) => {
      console.error(`The tests could not be started: ${error.message}`);
      done(1);
    });
    runner.once('close', (code, signal) => {
      done(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
  runners.delete(runner);
  return status;
}

let status = 0;
if (patterns.length > 0) {
  const node = pinnedNode(root, platformOf(thisMachine())).executable;
  const options = ['--expose-gc', '--test', '--test-reporter=spec', '--test-concurrency=1', ...flags];
  status = await run(node, [...options, ...patterns], root);
}
const isInterrupted = status === 130;
if (!isInterrupted && (paths.length === 0 || extensionPaths.length > 0)) {
  const relativePaths = extensionPaths.map((path) => relative(extensionFolder, path));
  const node = join(extensionFolder, 'node_modules', '.bin', 'node');
  const extensionStatus = await run(node, ['scripts/test.mjs', ...relativePaths], extensionFolder);
  status ||= extensionStatus;
}
await rm(home, { recursive: true, force: true });
if (givenModels === undefined) {
  await rm(models, { recursive: true, force: true });
}
process.exitCode = status;
