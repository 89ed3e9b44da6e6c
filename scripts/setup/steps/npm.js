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

/** @param {string} root */
function clientPackage(root) {
  const { version } = /** @type {{version: string}} */ (readJson(join(root, 'shared', 'package.json')));
  return `extension/vendor/tidemark-client-${version}.tgz`;
}

/**
 * What the extension depends on by version, for as long as it is not published: so that the folder can be copied out.
 *
 * @param {string} root
 * @returns {Step}
 */
export const packClient = (root) => ({
  name: 'client-package',
  label: "extension's client package",
  done: 'packed',
  bytes: 10_000_000,
  needs: ['npm'],
  outputs: [clientPackage(root)],

  key: () =>
    keyOf(
      keyOfFiles(root, [
        'shared/src',
        'shared/test',
        'shared/package.json',
        'shared/README.md',
        'package.json',
        'tsconfig.json',
        'LICENSE',
        'scripts/package/client.ts',
        'scripts/package/compile.ts',
      ]),
    ),

  async work({ layout, platform, signal }) {
    const out = join(root, dirname(clientPackage(root)));
    await rm(out, { recursive: true, force: true });
    const { executable } = pinnedNode(layout.root, platform);
    const flags = ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'package', 'client.ts')];
    const { status, output } = await run(executable, [...flags, '--out', out], { cwd: root, signal });
    if (status !== 0) {
      throw new SetupFailure(
        `The extension's client could not be packed: ${lastError(output)}.`,
        'Run `npm run typecheck`, which says what is wrong in the folder shared.',
      );
    }
  },
});

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
