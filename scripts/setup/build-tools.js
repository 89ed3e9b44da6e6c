/** Finds CMake and a builder, or fetches them from the Python package index. */

import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './children.js';
import { fetchWheel } from './download.js';
import { cmake as cmakePins, ninja as ninjaPins } from './pins.js';
import { olderThan } from './platform.js';
import { replaceFolder, unpack } from './unpack.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * @typedef {object} BuildTools
 * @property {string} cmake
 * @property {string} description its version, for the build's settings
 * @property {string[]} generator what CMake is told about the builder
 */

/**
 * @param {Context} context
 * @returns {Promise<BuildTools>}
 */
export async function findBuildTools(context) {
  const { env, signal } = context;
  const installed = await run('cmake', ['--version'], { env, signal });
  const version = /version (\d+\.\d+\S*)/.exec(installed.output)?.[1];
  const usable = installed.status === 0 && version !== undefined && !olderThan(version, 3, 20);
  const cmake = usable
    ? 'cmake'
    : await fetchTool(context, cmakePins[context.platform], 'cmake/data/bin/cmake');

  /** @type {string[]} */
  let generator;
  if ((await run('ninja', ['--version'], { env, signal })).status === 0) {
    generator = ['-G', 'Ninja'];
  } else if ((await run('make', ['--version'], { env, signal })).status === 0) {
    generator = ['-G', 'Unix Makefiles'];
  } else {
    const ninja = await fetchTool(
      context,
      ninjaPins[context.platform],
      `ninja-${ninjaPins[context.platform].version}.data/scripts/ninja`,
    );
    generator = ['-G', 'Ninja', `-DCMAKE_MAKE_PROGRAM=${ninja}`];
  }
  return { cmake, description: usable ? version : cmakePins[context.platform].version, generator };
}

/**
 * @param {Context} context
 * @param {import('./pins.js').WheelPin} pin
 * @param {string} program its path in the wheel
 * @returns {Promise<string>} its path here
 */
async function fetchTool(context, pin, program) {
  const folder = join(context.layout.tools, `${pin.project}-${pin.version}`);
  const path = join(folder, program);
  if (existsSync(path)) {
    return path;
  }
  const unpacked = await unpack(context, await fetchWheel(context, pin), pin.project);
  // Python's zipfile leaves the archive's file modes out.
  await chmod(join(unpacked, program), 0o755);
  await mkdir(context.layout.tools, { recursive: true });
  await replaceFolder(unpacked, folder);
  return path;
}
