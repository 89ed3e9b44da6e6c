/** The npm dependencies of the Raycast extension, a package of its own: exactly as its lock file has them. */

import { join } from 'node:path';
import { lastError, networkRemedy, reason } from '../client-errors.js';
import { runNpm } from '../download.js';
import { SetupFailure } from '../failure.js';
import { keyOf, keyOfFiles } from '../stamps.js';

/** @type {import('../context.js').Step} */
export const extension = {
  name: 'extension',
  label: "extension's dependencies",
  done: 'installed',
  bytes: 500_000_000,
  needs: ['npm'],
  outputs: ['extension/node_modules/.package-lock.json'],

  key({ layout: { root }, platform }) {
    // The lock file repeats what package.json depends on; the rest of that is Raycast's manifest, which changes often.
    return keyOf(platform, keyOfFiles(root, ['extension/package-lock.json', 'extension/.npmrc']));
  },

  async work(context) {
    const { status, output } = await runNpm(
      context,
      ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false'],
      join(context.layout.root, 'extension'),
    );
    if (status !== 0) {
      throw new SetupFailure(
        `The extension's npm dependencies could not be installed${reason(output)}.`,
        `${networkRemedy(output)}\nnpm said: ${lastError(output)}`,
      );
    }
  },
};
