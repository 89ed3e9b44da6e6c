/** Compiles the addon for macOS on Apple silicon from its CMakeLists, on Linux. */

import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findBuildTools } from '../setup/build-tools.js';
import { layoutOf } from '../setup/layout.js';
import { zig } from '../setup/pins.js';
import { checkRequirements } from '../setup/requirements.js';
import { keyOf, keyOfFiles } from '../setup/stamps.js';
import { addonSourceKey, nodeApiIncludes } from '../setup/steps/addon.js';
import { runTool, type MacToolchain } from './surroundings.ts';

/** What decides how the addon is made, besides its sources and pins. */
const recipe = ['build-addon.ts', 'cxx-library.ts', 'surroundings.ts', 'zig-toolchain.cmake'].map(
  (file) => `scripts/mac-check/${file}`,
);

/** Lies beside the addon: set-up on a Mac takes the addon only when `sourceKey` is its own. */
interface AddonNote {
  readonly sourceKey: string;
  /** Of everything, this folder's files too. */
  readonly buildKey: string;
  readonly sha256: string;
}

/**
 * Builds the addon, unless the one that is there was made from the same sources.
 *
 * @returns its path
 */
export async function buildMacAddon(toolchain: MacToolchain): Promise<string> {
  const { root } = layoutOf();
  const addon = join(toolchain.folder, 'tidemark.node');
  const notePath = join(toolchain.folder, 'tidemark.json');
  const sourceKey = addonSourceKey(root, 'metal');
  const buildKey = keyOf(sourceKey, zig, keyOfFiles(root, recipe));
  if (isCurrent(addon, notePath, buildKey)) {
    return addon;
  }

  await checkRequirements(toolchain.context, [], 100_000_000);
  const { cmake, generator } = await findBuildTools(toolchain.context);
  const objects = join(toolchain.folder, 'obj');
  await mkdir(objects, { recursive: true });
  await runTool(toolchain, cmake, [
    ...['-S', join(root, 'daemon', 'native'), '-B', objects, ...generator],
    `-DCMAKE_TOOLCHAIN_FILE=${join(import.meta.dirname, 'zig-toolchain.cmake')}`,
    `-DMLX_ROOT=${toolchain.mlxRoot}`,
    `-DNODE_API_INCLUDE=${nodeApiIncludes(root).join(';')}`,
    '-DCMAKE_COMPILE_WARNING_AS_ERROR=ON',
  ]);
  await runTool(toolchain, cmake, ['--build', objects, '--parallel', String(availableParallelism())]);
  copyFileSync(join(objects, 'tidemark.node'), `${addon}.new`);
  renameSync(`${addon}.new`, addon);
  const note: AddonNote = { sourceKey, buildKey, sha256: sha256(addon) };
  writeFileSync(notePath, `${JSON.stringify(note, null, 2)}\n`);
  return addon;
}

function isCurrent(addon: string, notePath: string, buildKey: string): boolean {
  try {
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as AddonNote;
    return note.buildKey === buildKey && note.sha256 === sha256(addon);
  } catch {
    return false;
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
