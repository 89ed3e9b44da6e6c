/** Unpacks archives where nothing trusts them yet, and puts whole folders in their places. */

import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './children.js';
import { lastError, reason, SetupFailure } from './failures.js';

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
  const tool = archive.endsWith('.whl') ? 'zipfile' : 'tarfile';
  const { status, output } = await run(python(context), ['-m', tool, '-e', archive, folder], {
    signal: context.signal,
  });
  if (status !== 0) {
    throw new SetupFailure(
      `An archive that set-up fetched could not be unpacked${reason(output)}.`,
      `Free some disk space, if it is full, then run the same command again.\nPython said: ${lastError(output)}`,
    );
  }
  return folder;
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

/**
 * @param {Context} context
 * @returns {string}
 */
export function python(context) {
  if (context.tools.python === undefined) {
    throw new Error('Python was not looked for');
  }
  return context.tools.python;
}
