/** The npm dependencies, exactly as the lock file has them, with the pinned Node among them. */

import { join } from 'node:path';
import { run } from '../children.js';
import { lastError, networkRemedy, reason } from '../client-errors.js';
import { runNpm } from '../download.js';
import { SetupFailure } from '../failure.js';
import { pinnedNode } from '../pinned-node.js';
import { readJson } from '../read-json.js';
import { keyOf, keyOfFiles } from '../stamps.js';

/** @type {import('../context.js').Step} */
export const dependencies = {
  name: 'dependencies',
  label: 'npm dependencies',
  done: 'installed',
  bytes: 400_000_000,
  needs: ['npm'],
  outputs: ['node_modules/.package-lock.json', 'node_modules/.bin/node', 'node_modules/.bin/tidemark'],

  key({ layout: { root }, platform }) {
    const manifest = /** @type {{workspaces: string[]}} */ (readJson(join(root, 'package.json')));
    const files = ['package.json', 'package-lock.json', '.npmrc'];
    return keyOf(
      platform,
      keyOfFiles(root, [...files, ...manifest.workspaces.map((folder) => `${folder}/package.json`)]),
    );
  },

  async work(context) {
    const { layout, platform } = context;
    // The native build and the tests need development dependencies even where NODE_ENV says production. No dependency
    // needs its install script. Some want a newer Node than this one, and will run on the pinned one.
    const { status, output } = await runNpm(
      context,
      ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false'],
      layout.root,
    );
    if (status !== 0) {
      throw new SetupFailure(
        `The npm dependencies could not be installed${reason(output)}.`,
        `${networkRemedy(output)}\nnpm said: ${lastError(output)}`,
      );
    }
    const node = pinnedNode(layout.root, platform);
    const { output: version } = await run(node.executable, ['--version'], { signal: context.signal });
    if (version.trim() !== `v${node.version}`) {
      throw new SetupFailure(
        `npm did not install Node ${node.version} (the package ${node.name}) in working order: ${lastError(version)}.`,
        'Remove the folder node_modules, then run the same command again.',
      );
    }
  },
};
