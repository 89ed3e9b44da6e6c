/** NVIDIA's libraries, which MLX's CUDA backend loads: found on the machine, else from their wheels. */

import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../children.js';
import { fetchWheel } from '../download.js';
import { nvidiaLibraries as pins } from '../pins.js';
import { keyOf } from '../stamps.js';
import { unpack } from '../unpack.js';

/** @typedef {import('../context.js').Context} Context */

/** What libmlx names as needed, and nothing else of NVIDIA's brings. The driver's own library comes with the driver. */
export const neededLibraries = [
  'libcublasLt.so.13',
  'libcudnn.so.9',
  'libcufft.so.12',
  'libcusolver.so.12',
  'libnccl.so.2',
  'libnvrtc.so.13',
];

/**
 * libmlx looks for them in `nvidia` beside its own folder, laid out as in a Python installation.
 *
 * @type {import('../context.js').Step}
 */
export const nvidia = {
  name: 'nvidia',
  label: "NVIDIA's CUDA libraries",
  done: 'installed',
  bytes: 5_000_000_000,
  needs: ['driver'],
  outputs: ['build/mlx/nvidia'],
  key: () => keyOf(pins, neededLibraries),
  async work(context) {
    const place = join(context.layout.mlx, 'nvidia');
    await rm(place, { recursive: true, force: true });
    const found = (await pythonFolders(context)).find((folder) => missingIn(folder).length === 0);
    if (found !== undefined) {
      await symlink(found, place);
    } else if (await areOnSystem(context)) {
      await mkdir(place);
    } else {
      await fetchAll(context, place);
    }
  },
};

/**
 * The needed libraries that a folder laid out as `site-packages/nvidia` lacks.
 *
 * @param {string} folder
 */
export function missingIn(folder) {
  const parts = existsSync(folder) ? readdirSync(folder) : [];
  return neededLibraries.filter((name) => !parts.some((part) => existsSync(join(folder, part, 'lib', name))));
}

/**
 * Where Python packages with a CUDA build, such as PyTorch, keep NVIDIA's libraries.
 *
 * @param {Context} context
 * @returns {Promise<string[]>}
 */
async function pythonFolders(context) {
  const program = 'import site, sys; print("\\n".join([*sys.path, *site.getsitepackages()]))';
  const { status, output } = await run('python3', ['-c', program], {
    env: context.env,
    signal: context.signal,
  });
  const folders = status === 0 ? output.split('\n').filter((line) => line.startsWith('/')) : [];
  return [...new Set(folders)].map((folder) => join(folder, 'nvidia'));
}

/**
 * Whether the loader finds all of them by itself, as where CUDA was installed from the system's packages.
 *
 * @param {Context} context
 */
async function areOnSystem({ env, signal }) {
  const { output } = await run('ldconfig', ['-p'], { env, signal });
  return neededLibraries.every((name) => output.includes(`\t${name} `));
}

/**
 * @param {Context} context
 * @param {string} place
 */
async function fetchAll(context, place) {
  await mkdir(place, { recursive: true });
  for (const pin of pins) {
    const unpacked = await unpack(context, await fetchWheel(context, pin), pin.project);
    for (const part of readdirSync(join(unpacked, 'nvidia'))) {
      // Several wheels share a part, as `cu13`; their files are put together. Kernels are compiled with the headers.
      for (const kind of readdirSync(join(unpacked, 'nvidia', part))) {
        if (kind === 'lib' || kind === 'include') {
          await cp(join(unpacked, 'nvidia', part, kind), join(place, part, kind), { recursive: true });
        }
      }
    }
    await rm(unpacked, { recursive: true });
  }
}
