/** The Node-API addon over libmlx: built with CMake, or taken as it is where one was prebuilt from these sources. */

import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { findBuildTools } from '../build-tools.js';
import { run } from '../children.js';
import { lastError, SetupFailure } from '../failures.js';
import { libmlx, openblas } from '../pins.js';
import { nodeToUse, readJson } from '../package-files.js';
import { keyOf, keyOfFiles } from '../stamps.js';

/** @typedef {import('../context.js').Context} Context */
/** @typedef {import('../backend.js').Backend} Backend */
/** @typedef {import('../layout.js').Layout} Layout */

const headerPackages = ['node-api-headers', 'node-addon-api'];

/**
 * All that the addon is made from: its sources, MLX, the BLAS, Node's headers. The same on every machine.
 *
 * @param {string} root the repository
 * @param {Backend} backend what it is made for
 */
export function addonSourceKey(root, backend) {
  const lock = /** @type {{packages: Record<string, {integrity?: string}>}} */ (
    readJson(join(root, 'package-lock.json'))
  );
  const headers = headerPackages.map((name) => lock.packages[`node_modules/${name}`]?.integrity);
  const blas = backend === 'metal' ? null : openblas;
  return keyOf(keyOfFiles(root, ['daemon/native']), libmlx[backend], blas, headers);
}

/**
 * @param {string} root the repository
 * @returns {string[]} the include folders of Node-API's C headers and of its C++ wrapper
 */
export function nodeApiIncludes(root) {
  const [headers = '', wrapper = ''] = headerPackages.map((name) => join(root, 'node_modules', name));
  return [join(headers, 'include'), wrapper];
}

/**
 * @param {Layout} layout
 * @param {Backend} backend
 * @param {{isForHere?: boolean}} [options] whether it is to load here; NVIDIA's driver, which CUDA's needs, may be elsewhere
 * @returns {import('../context.js').Step}
 */
export function addon(layout, backend, { isForHere = true } = {}) {
  const prebuilt = prebuiltAddon(layout, backend);
  return {
    name: 'addon',
    label: 'native addon',
    done: prebuilt === undefined ? 'built' : 'taken prebuilt',
    bytes: 60_000_000,
    needs: prebuilt === undefined ? ['compiler'] : [],
    outputs: ['build/native/tidemark.node'],
    key: () => addonSourceKey(layout.root, backend),
    async work(context) {
      await place(context, prebuilt ?? (await build(context)), isForHere);
    },
  };
}

/**
 * @param {Context} context
 * @param {string} made
 * @param {boolean} isForHere whether it is to load here
 */
async function place(context, made, isForHere) {
  const { addon: target } = context.layout;
  const fresh = `${target}.new`;
  await mkdir(dirname(target), { recursive: true });
  await cp(made, fresh);
  if (isForHere) {
    await checkThatItLoads(context, fresh);
  }
  await rename(fresh, target);
}

/**
 * The addon of an installed package, which has one for each platform under `prebuilt`, with their hashes.
 *
 * @param {string} root the package
 * @param {import('../platform.js').Platform} platform
 * @param {Backend} backend which of MLX's libraries it is to be loaded with
 * @returns {import('../context.js').Step}
 * @throws {SetupFailure} for a package of another platform
 */
export function addonOfPackage(root, platform, backend) {
  const folder = join(root, 'prebuilt');
  const addons = /** @type {Record<string, {sha256: string}>} */ (readJson(join(folder, 'addons.json')));
  const sha256 = addons[platform]?.sha256;
  if (sha256 === undefined) {
    throw new SetupFailure(
      `This package of Tidemark is for ${Object.keys(addons).join(' and ')}, and this machine is ${platform}.`,
      'Install the one that is for both: `npm install -g tidemark`.',
    );
  }
  return {
    name: 'addon',
    label: 'native addon',
    done: 'installed',
    bytes: 2_000_000,
    needs: [],
    outputs: ['build/native/tidemark.node'],
    key: () => keyOf(sha256, libmlx[backend], backend === 'metal' ? null : openblas),
    work: (context) => place(context, join(folder, `${platform}.node`), true),
  };
}

/**
 * An addon that scripts/mac-check compiled elsewhere, if it was made from just these sources.
 *
 * @param {Layout} layout
 * @param {Backend} backend
 * @returns {string | undefined} its path
 */
function prebuiltAddon(layout, backend) {
  if (backend !== 'metal') {
    return undefined;
  }
  try {
    const path = join(layout.prebuilt, 'tidemark.node');
    const note = /** @type {{sourceKey: string}} */ (readJson(join(layout.prebuilt, 'tidemark.json')));
    return existsSync(path) && note.sourceKey === addonSourceKey(layout.root, backend) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Context} context
 * @returns {Promise<string>} the built addon's path
 */
async function build(context) {
  const { layout, backend, env, signal, tools } = context;
  const { cmake, description, generator } = await findBuildTools(context);
  const own = backend === 'metal' ? '@loader_path' : '$ORIGIN';
  const folders = [join(layout.mlx, 'mlx', 'lib'), ...(backend === 'metal' ? [] : [layout.openblas])];
  const fromAddon = folders.map((folder) => `${own}/${relative(dirname(layout.addon), folder)}`);
  const settings = [
    ...generator,
    `-DCMAKE_CXX_COMPILER=${tools.compiler ?? ''}`,
    `-DMLX_ROOT=${join(layout.mlx, 'mlx')}`,
    `-DOPENBLAS_ROOT=${layout.openblas}`,
    `-DMLX_CUDA=${backend === 'cuda' ? 'ON' : 'OFF'}`,
    `-DNODE_API_INCLUDE=${nodeApiIncludes(layout.root).join(';')}`,
    // The libraries are found from where the addon lies, so that the repository can be moved.
    '-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON',
    `-DCMAKE_INSTALL_RPATH=${fromAddon.join(';')}`,
    `-DCMAKE_COMPILE_WARNING_AS_ERROR=${env['CI'] ? 'ON' : 'OFF'}`,
  ];

  // CMake refuses or ignores most changed settings in a folder that it has configured, so such a folder is left.
  const settingsFile = join(layout.addonObjects, 'settings.json');
  const wanted = JSON.stringify({ settings, cmake: description, mlx: libmlx[backend] });
  if (!existsSync(settingsFile) || readFileSync(settingsFile, 'utf8') !== wanted) {
    await rm(layout.addonObjects, { recursive: true, force: true });
  }
  await mkdir(layout.addonObjects, { recursive: true });
  await rm(layout.addonLog, { force: true });

  const source = join(layout.root, 'daemon', 'native');
  const configured = ['-S', source, '-B', layout.addonObjects, ...settings];
  const built = ['--build', layout.addonObjects, '--parallel', String(availableParallelism())];
  for (const args of [configured, built]) {
    const { status, output } = await run(cmake, args, { env, signal, log: layout.addonLog });
    if (status !== 0) {
      throw buildFailure(output, layout);
    }
  }
  await writeFile(settingsFile, wanted);
  return join(layout.addonObjects, 'tidemark.node');
}

/**
 * @param {string} output
 * @param {Layout} layout
 */
function buildFailure(output, layout) {
  const error = output.split('\n').find((line) => /\berror\b/i.test(line)) ?? lastError(output);
  const log = relative(layout.root, layout.addonLog);
  return /no space left/i.test(output)
    ? new SetupFailure(
        'The native addon could not be built: the disk is full.',
        'Free some disk space, then run the same command again.',
      )
    : new SetupFailure(
        'The native addon could not be built.',
        `The first error: ${error.trim().slice(0, 400)}\nEverything that the build printed is in ${log}.`,
      );
}

/**
 * @param {Context} context
 * @param {string} path
 */
async function checkThatItLoads({ layout, platform, backend, signal }, path) {
  const program =
    'const m = { exports: {} }; process.dlopen(m, process.argv[1]); console.log(m.exports.version())';
  const node = nodeToUse(layout.root, platform);
  const { status, output } = await run(node, ['-e', program, path], { signal });
  const { version } = libmlx[backend];
  if (status === 0 && output.trim() === version) {
    return;
  }
  const said =
    status === 0 ? `it reports MLX ${output.trim()} instead of ${version}` : firstErrorLine(output, status);
  throw new SetupFailure(
    'The native addon was built, but does not load.',
    `Node said: ${said}\nRemove the folder build, then run the same command again.`,
  );
}

/**
 * @param {string} output
 * @param {number} status
 */
function firstErrorLine(output, status) {
  return output.split('\n').find((line) => /Error:/.test(line)) ?? `exit status ${status}`;
}
