/** Unpacks archives where nothing trusts them yet, and puts whole folders in their places. */

import { on } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Interrupted, reason, SetupFailure } from './failures.js';

/** @typedef {import('./context.js').Context} Context */

/**
 * Unpacks a wheel, or a tar archive, into a new folder under `build/partial`. The archive stays until its step is done,
 * so that an interruption costs no second download.
 *
 * @param {Context} context
 * @param {string} archive
 * @param {string} name the new folder's
 * @returns {Promise<string>} the folder
 */
export async function unpack(context, archive, name) {
  const folder = await newPartialFolder(context, name);
  try {
    await (archive.endsWith('.whl') ? unzip : untar)(archive, folder, context.signal);
  } catch (error) {
    if (context.signal.aborted) {
      throw new Interrupted();
    }
    const { message, code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new SetupFailure(
      `An archive that set-up fetched could not be unpacked${reason(code)}.`,
      `Free some disk space, if it is full, then run the same command again.\nThe error: ${message}`,
    );
  }
  return folder;
}

/**
 * @param {string} archive
 * @param {string} folder
 * @param {AbortSignal} signal
 */
async function unzip(archive, folder, signal) {
  // npm dependencies, which an earlier step has installed; so in untar.
  const { default: yauzl } = await import('yauzl');
  /** @type {import('yauzl').ZipFile} */
  const zip = await new Promise((resolve, reject) => {
    yauzl.open(archive, { lazyEntries: true, autoClose: false }, (error, opened) => {
      if (error) {
        reject(error);
      } else {
        resolve(opened);
      }
    });
  });
  /** @type {(entry: import('yauzl').Entry) => Promise<import('node:stream').Readable>} */
  const contentOf = promisify(zip.openReadStream.bind(zip));
  try {
    const entries = on(zip, 'entry', { close: ['end'], signal });
    zip.readEntry();
    for await (const [entry] of /** @type {AsyncIterable<[import('yauzl').Entry]>} */ (entries)) {
      const { fileName } = entry;
      // yauzl refuses names that lead out of the folder.
      const path = join(folder, fileName);
      if (fileName.endsWith('/')) {
        await mkdir(path, { recursive: true });
      } else {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(await contentOf(entry), createWriteStream(path), { signal });
      }
      zip.readEntry();
    }
  } finally {
    zip.close();
  }
}

/**
 * @param {string} archive compressed with gzip
 * @param {string} folder
 */
async function untar(archive, folder) {
  const { parseTarGzip } = await import('nanotar');
  for (const { name, type, data } of await parseTarGzip(await readFile(archive))) {
    const path = resolve(folder, name);
    if (type === 'file' && data !== undefined && path.startsWith(resolve(folder) + sep)) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, data);
    }
  }
}

/**
 * @param {Context} context
 * @param {string} name
 * @returns {Promise<string>} an empty folder for work that is not whole yet
 */
export async function newPartialFolder({ layout }, name) {
  const folder = join(layout.partial, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Puts what a step made in its place, whole.
 *
 * @param {string} from
 * @param {string} to
 */
export async function replaceFolder(from, to) {
  await rm(to, { recursive: true, force: true });
  await rename(from, to);
}
