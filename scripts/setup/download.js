/** Fetches pinned archives: wheels by Node itself, and npm archives with npm. */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { run } from './children.js';
import { lastError, networkRemedy, reason, SetupFailure } from './failures.js';
import { nodeToUse } from './package-files.js';
import { packageIndex } from './package-index.js';
import { newPartialFolder } from './unpack.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./pins.js').WheelPin} WheelPin */
/** @typedef {import('./pins.js').NpmPin} NpmPin */

/**
 * Fetches a wheel, unless an interrupted set-up left it, and checks its hash. Of one that is left in part, only the rest is fetched.
 *
 * @param {Context} context
 * @param {WheelPin} pin
 * @returns {Promise<string>} the wheel's path
 * @throws {SetupFailure} what could not be fetched, and why
 */
export async function fetchWheel(context, pin) {
  const what = `${pin.project} ${pin.version}`;
  const { layout, env, signal, report } = context;
  const path = join(layout.downloads, pin.file);
  const part = `${path}.part`;
  const matches = async (/** @type {string} */ file) =>
    (await hashOfFile('sha256', file, 'hex')) === pin.sha256;
  if (existsSync(path) && (await matches(path))) {
    context.fetched?.(path);
    return path;
  }
  await mkdir(layout.downloads, { recursive: true });
  const index = packageIndex(env);
  const { status, output } = await watched(
    run(
      nodeToUse(layout.root, context.platform),
      [join(dirname(fileURLToPath(import.meta.url)), 'fetch-file.js')],
      {
        env: {
          NODE_EXTRA_CA_CERTS: index.certificates,
          ...env,
          NODE_USE_ENV_PROXY: '1',
          NODE_OPTIONS: undefined,
        },
        input: JSON.stringify({ project: pin.project, file: pin.file, to: part, index }),
        signal,
      },
    ),
    () => {
      const { size = 0 } = statSync(part, { throwIfNoEntry: false }) ?? {};
      report?.(`${pin.project}: ${Math.round(size / 1e6)} of ${Math.round(pin.bytes / 1e6)} MB`);
    },
  );
  if (status !== 0) {
    throw new SetupFailure(
      `${what} could not be fetched from the Python package index${reason(output)}.`,
      `${networkRemedy(output)}\nThe last error: ${lastError(output)}`,
    );
  }
  if (!(await matches(part))) {
    await rm(part);
    await rmdir(layout.downloads).catch(() => undefined);
    throw wrongHash(what);
  }
  await rename(part, path);
  context.fetched?.(path);
  return path;
}

/**
 * @template Result
 * @param {Promise<Result>} work
 * @param {() => void} look called again and again until the work has ended
 */
async function watched(work, look) {
  const timer = setInterval(look, 500);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Fetches an npm archive by itself, without its dependencies, and checks its hash.
 *
 * @param {Context} context
 * @param {NpmPin} pin
 * @returns {Promise<string>} the archive's path
 * @throws {SetupFailure} what could not be fetched, and why
 */
export async function fetchNpmArchive(context, pin) {
  const what = `${pin.name} ${pin.version}`;
  return fetchArchive(context, {
    what,
    file: `${pin.name}-${pin.version}.tgz`,
    matches: async (path) => `sha512-${await hashOfFile('sha512', path, 'base64')}` === pin.integrity,
    download: async (folder) => {
      const { status, output } = await runNpm(
        context,
        ['pack', `${pin.name}@${pin.version}`, '--pack-destination', folder, '--ignore-scripts'],
        folder,
      );
      if (status === 0) {
        return;
      }
      throw new SetupFailure(
        `${what} could not be fetched from the npm registry${reason(output)}.`,
        `${networkRemedy(output)}\nnpm said: ${lastError(output)}`,
      );
    },
  });
}

/**
 * Runs npm quietly. It retries a failing fetch for seconds rather than its usual minutes.
 *
 * @param {Context} context
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function runNpm(context, args, cwd) {
  const { npm } = context.tools;
  if (npm === undefined) {
    throw new Error('npm was not looked for');
  }
  return run(
    npm.command,
    [
      ...npm.args,
      ...args,
      ...['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier', '--no-progress'],
      ...['--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000'],
    ],
    { cwd, env: context.env, signal: context.signal },
  );
}

/**
 * @param {'sha256' | 'sha512'} algorithm
 * @param {string} path
 * @param {'hex' | 'base64'} encoding
 */
export async function hashOfFile(algorithm, path, encoding) {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest(encoding);
}

/**
 * The way of every archive: fetched into a folder that nothing trusts, hashed, and only then given its name.
 *
 * @param {Context} context
 * @param {object} archive
 * @param {string} archive.what its name and version
 * @param {string} archive.file
 * @param {(path: string) => Promise<boolean>} archive.matches whether a file has the pinned hash
 * @param {(folder: string) => Promise<void>} archive.download leaves the file in the folder, under any name
 */
async function fetchArchive(context, { what, file, matches, download }) {
  const path = join(context.layout.downloads, file);
  if (existsSync(path)) {
    if (await matches(path)) {
      context.fetched?.(path);
      return path;
    }
    await rm(path);
  }
  const folder = await newPartialFolder(context, `download-${file}`);
  try {
    await download(folder);
    const [fetched] = (await readdir(folder)).filter((name) => /\.(whl|tgz)$/.test(name));
    if (fetched === undefined) {
      throw new SetupFailure(
        `${what} was said to be fetched, but there is no file.`,
        'Run the same command again.',
      );
    }
    if (!(await matches(join(folder, fetched)))) {
      throw wrongHash(what);
    }
    await mkdir(context.layout.downloads, { recursive: true });
    await rename(join(folder, fetched), path);
    context.fetched?.(path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} what */
function wrongHash(what) {
  return new SetupFailure(
    `${what} was fetched, but its hash is not the pinned one, so it was thrown away.`,
    'Run the same command again. If it happens once more, the registry or a proxy on the way serves another file.',
  );
}
