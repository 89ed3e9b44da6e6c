/** The npm dependencies, of Tidemark and of its Raycast extension, exactly as their lock files have them. */

import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../children.js';
import { runNpm } from '../download.js';
import { lastError, networkRemedy, reason, SetupFailure } from '../failures.js';
import { pinnedNode, readJson } from '../package-files.js';
import { keyOf, keyOfFiles } from '../stamps.js';

/** @typedef {import('../context.js').Context} Context */
/** @typedef {import('../context.js').Step} Step */

/**
 * The pinned Node is among these.
 *
 * @type {Step}
 */
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
    await install(context, layout.root, 'The npm dependencies');
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

/**
 * The extension is a package of its own, with its own lock file.
 *
 * @type {Step}
 */
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
    await install(context, join(context.layout.root, 'extension'), "The extension's npm dependencies");
  },
};

const linkedClient = 'extension/node_modules/@tidemark/client';

/**
 * In the repository the extension sees `shared` itself as `@tidemark/client`, as npm's workspaces see each other, so that a change
 * there is never missed here.
 *
 * @type {Step}
 */
export const linkClient = {
  name: 'client',
  label: "extension's client",
  done: 'linked',
  bytes: 0,
  needs: [],
  outputs: [`${linkedClient}/src/errors.ts`],

  key: () => keyOf(linkedClient),

  async work({ layout: { root } }) {
    const link = join(root, linkedClient);
    await rm(link, { recursive: true, force: true });
    await mkdir(dirname(link), { recursive: true });
    await symlink('../../../shared', link);
  },
};

/**
 * Installs what a folder's lock file names. The native build and the tests need development dependencies even where
 * NODE_ENV says production. No dependency needs its install script. Some want a newer Node than the one that runs set-up,
 * and will run on the pinned one.
 *
 * @param {Context} context
 * @param {string} folder
 * @param {string} what the subject of the sentence where it fails
 */
async function install(context, folder, what) {
  const { status, output } = await runNpm(
    context,
    ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false'],
    folder,
  );
  if (status !== 0) {
    throw new SetupFailure(
      `${what} could not be installed${reason(output)}.`,
      `${networkRemedy(output)}\nnpm said: ${lastError(output)}`,
    );
  }
}
