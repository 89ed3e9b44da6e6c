/** Fetches pinned archives with the registries' own clients: pip for wheels, npm for npm archives. */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './children.js';
import { lastError, networkRemedy, reason, SetupFailure } from './failures.js';
import { newPartialFolder, python } from './unpack.js';

/** @typedef {import('./context.js').Context} Context */
/** @typedef {import('./pins.js').WheelPin} WheelPin */
/** @typedef {import('./pins.js').NpmPin} NpmPin */

/**
 * Fetches a wheel, unless an interrupted set-up left it, and checks its hash. pip may be old: the platform and the
 * Python version are given, so that it need not know this machine's tags.
 *
 * @param {Context} context
 * @param {WheelPin} pin
 * @returns {Promise<string>} the wheel's path
 * @throws {SetupFailure} what could not be fetched, and why
 */
export async function fetchWheel(context, pin) {
  const what = `${pin.project} ${pin.version}`;
  return fetchArchive(context, {
    what,
    file: pin.file,
    matches: async (path) => (await hashOfFile('sha256', path, 'hex')) === pin.sha256,
    download: async (folder) => {
      const requirements = join(folder, 'requirements.txt');
      await writeFile(requirements, `${pin.project}==${pin.version} --hash=sha256:${pin.sha256}\n`);
      const platform = pin.platform === undefined ? [] : ['--platform', pin.platform];
      const { status, output } = await run(
        python(context),
        [
          ...['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check'],
          // Each retry is told with its cause, which the error in the end is not.
          ...['--retries', '3'],
          ...['--no-deps', '--only-binary=:all:', '--python-version', '3.12', ...platform],
          ...['--require-hashes', '--requirement', requirements, '--dest', folder],
        ],
        // pip download installs nothing, so a person's wish to install only into virtual environments is not touched.
        { env: { ...context.env, PIP_REQUIRE_VIRTUALENV: '0' }, signal: context.signal },
      );
      if (status === 0) {
        return;
      }
      if (/DO NOT MATCH THE HASHES/.test(output)) {
        throw wrongHash(what);
      }
      throw new SetupFailure(
        `${what} could not be fetched from the Python package index${reason(output)}.`,
        `${networkRemedy(output)}\npip said: ${lastError(output)}`,
      );
    },
  });
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
