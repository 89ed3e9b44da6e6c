/** Where set-up keeps what it fetches and builds; all of it is under `build/`, which git ignores. */

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Layout
 * @property {string} root the repository
 * @property {string} build
 * @property {string} downloads archives between their download and their unpacking
 * @property {string} partial work that is not whole yet; nothing in it is ever trusted
 * @property {string} stamps what each finished step was made from
 * @property {string} lock held by the set-up that is at work
 * @property {string} mlx the unpacked MLX wheel; `mlx/{lib,include,share}` lie in it
 * @property {string} openblas `libscipy_openblas.so` and `include/`
 * @property {string} tools CMake and Ninja, when the machine has none
 * @property {string} addonObjects the native build's folder
 * @property {string} addon the Node-API addon
 * @property {string} addonLog what the last native build printed
 * @property {string} prebuilt an addon that was compiled for the Mac elsewhere; see scripts/mac-check
 * @property {string} weights
 * @property {string} voices
 * @property {string} lexicon
 * @property {string} tagger
 */

/**
 * @param {string} [root] the repository; this one unless told
 * @returns {Layout}
 */
export function layoutOf(root = resolve(fileURLToPath(import.meta.url), '../../..')) {
  const build = join(root, 'build');
  return {
    root,
    build,
    downloads: join(build, 'downloads'),
    partial: join(build, 'partial'),
    stamps: join(build, 'stamps'),
    lock: join(build, 'setup.lock'),
    mlx: join(build, 'mlx'),
    openblas: join(build, 'openblas'),
    tools: join(build, 'tools'),
    addonObjects: join(build, 'native-obj'),
    addon: join(build, 'native', 'tidemark.node'),
    addonLog: join(build, 'native-build.log'),
    prebuilt: join(build, 'mac'),
    weights: join(build, 'weights'),
    voices: join(build, 'voices'),
    lexicon: join(build, 'lexicon'),
    tagger: join(build, 'tagger'),
  };
}
