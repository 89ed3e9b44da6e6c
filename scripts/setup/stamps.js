/** Remembers what each finished step was made from, so that a step runs again exactly when that has changed. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Goes into every key: raise it when set-up itself starts to make something else of the same inputs. */
const generation = 1;

/**
 * One hash of several values. Their order and boundaries matter.
 *
 * @param {readonly unknown[]} parts anything that JSON holds
 */
export function keyOf(...parts) {
  return createHash('sha256')
    .update(JSON.stringify([generation, ...parts]))
    .digest('hex');
}

/**
 * One hash of files' names and contents; for a folder, of all the files below it.
 *
 * @param {string} root
 * @param {readonly string[]} paths relative to the root; a missing one counts as such
 */
export function keyOfFiles(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesBelow(join(root, path))).sort()) {
    hash.update(`${relative(root, path).split(sep).join('/')}\0`);
    if (existsSync(path)) {
      hash.update(createHash('sha256').update(readFileSync(path)).digest());
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return [path];
  }
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}

/** The stamps of one build folder. */
export class Stamps {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /**
   * Whether the step was finished with this key.
   *
   * @param {string} step
   * @param {string} key
   */
  isCurrent(step, key) {
    try {
      return readFileSync(this.#path(step), 'utf8').trim() === key;
    } catch {
      return false;
    }
  }

  /**
   * To be called before a step starts: what it leaves is trusted only when it comes to its end.
   *
   * @param {string} step
   */
  async clear(step) {
    await rm(this.#path(step), { force: true });
  }

  /**
   * @param {string} step
   * @param {string} key
   */
  async write(step, key) {
    await mkdir(this.folder, { recursive: true });
    await writeFile(`${this.#path(step)}.new`, `${key}\n`);
    await rename(`${this.#path(step)}.new`, this.#path(step));
  }

  /** @param {string} step */
  #path(step) {
    return join(this.folder, step);
  }
}
