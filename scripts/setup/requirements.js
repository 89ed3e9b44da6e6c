/** Checks for what only the person can install, and names everything that is missing at once. */

import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { driverVersion, oldestDriver } from './backend.js';
import { run } from './children.js';
import { SetupFailure } from './failures.js';
import { installCommand } from './platform.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./context.js').Requirement} Requirement */

/**
 * @typedef {object} Missing
 * @property {string} what
 * @property {string} remedy
 */

/** Fails to compile with compilers and libraries that are too old for MLX's headers. */
const cxx20Program =
  '#include <concepts>\n#include <span>\n#include <string>\nstatic_assert(std::integral<int>);\n';

/**
 * Finds what the steps need and leaves it in `context.tools`.
 *
 * @param {Context} context
 * @param {readonly Requirement[]} needs
 * @param {number} bytes the disk space that the steps take
 * @throws {SetupFailure} naming all that is missing
 */
export async function checkRequirements(context, needs, bytes) {
  /** @type {Missing[]} */
  const missing = [];
  if (needs.includes('npm')) {
    missing.push(...(await findNpm(context)));
  }
  if (needs.includes('compiler')) {
    missing.push(...(await findCompiler(context)));
  }
  if (needs.includes('driver')) {
    missing.push(...(await findDriver(context)));
  }
  missing.push(...checkDisk(context, bytes));
  if (missing.length === 0) {
    return;
  }
  throw new SetupFailure(
    `Tidemark cannot be set up yet: ${missing.length === 1 ? 'this is' : 'these are'} missing.`,
    [
      ...missing.map(({ what, remedy }) => `  - ${what}\n    ${remedy}`),
      'Then run the same command again; set-up goes on where it stopped.',
    ].join('\n'),
  );
}

/**
 * @param {Context} context
 * @returns {Promise<Missing[]>}
 */
async function findNpm({ env, signal, tools }) {
  // Inside `npm start` this is the npm that the person started; its `npm` need not be on the PATH.
  const outer = env['npm_execpath'];
  if (outer !== undefined && basename(outer) === 'npm-cli.js') {
    tools.npm = { command: process.execPath, args: [outer] };
    return [];
  }
  const { status } = await run('npm', ['--version'], { env, signal });
  if (status === 0) {
    tools.npm = { command: 'npm', args: [] };
    return [];
  }
  // A service's PATH, or Raycast's, may lack both Node and the npm beside it.
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (existsSync(beside)) {
    tools.npm = { command: process.execPath, args: [beside] };
    return [];
  }
  return [{ what: 'npm, which comes with Node', remedy: 'Install Node together with npm.' }];
}

/**
 * @param {Context} context
 * @returns {Promise<Missing[]>}
 */
async function findCompiler({ env, machine, signal, tools }) {
  const install = installCommand(
    { debian: 'g++', fedora: 'gcc-c++', arch: 'gcc', suse: 'gcc-c++', mac: 'xcode-select --install' },
    machine,
  );
  const named = env['CXX'];
  let rejected = '';
  for (const compiler of named === undefined || named === '' ? ['c++', 'g++', 'clang++'] : [named]) {
    const { status, output } = await run(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], {
      env,
      signal,
      input: cxx20Program,
    });
    if (status === 0) {
      tools.compiler = compiler;
      return [];
    }
    if (status !== 127) {
      const first = output.split('\n').find((line) => /error/i.test(line)) ?? output.split('\n')[0] ?? '';
      rejected ||= `: ${compiler} is there, but cannot compile C++20 (${first.trim().slice(0, 160)})`;
    }
  }
  const advice = rejected === '' ? install : `${install}, or name another compiler: CXX=g++-13 npm run setup`;
  return [{ what: `a C++20 compiler (GCC 11, Clang 14 or newer)${rejected}`, remedy: advice }];
}

/**
 * Before gigabytes of NVIDIA's libraries are fetched for nothing. Windows' subsystem for Linux has the driver's library, and no
 * kernel module that would say its version.
 *
 * @param {Context} context
 * @returns {Promise<Missing[]>}
 */
async function findDriver({ env, signal }) {
  const version = driverVersion();
  const isThere =
    version === undefined
      ? (await run('ldconfig', ['-p'], { env, signal })).output.includes('\tlibcuda.so.1 ')
      : Number.parseInt(version, 10) >= oldestDriver;
  const found = version === undefined ? '' : `; this one is ${version}`;
  return isThere
    ? []
    : [
        {
          what: `NVIDIA's driver ${oldestDriver} or newer, which MLX's CUDA backend needs${found}`,
          remedy: 'Install it, or set TIDEMARK_BACKEND to cpu',
        },
      ];
}

/**
 * @param {Context} context
 * @param {number} bytes
 * @returns {Missing[]}
 */
function checkDisk({ layout }, bytes) {
  if (bytes === 0) {
    return [];
  }
  mkdirSync(layout.build, { recursive: true });
  const { bavail, bsize } = statfsSync(layout.build);
  if (bavail * bsize >= bytes) {
    return [];
  }
  const megabytes = (/** @type {number} */ count) => `${Math.ceil(count / 1e6)} MB`;
  return [
    {
      what: `disk space: set-up takes ${megabytes(bytes)}, and ${megabytes(bavail * bsize)} are free`,
      remedy: `Free some space on the disk of ${layout.root}`,
    },
  ];
}
