/** Lets one set-up at a time work in a build folder. */

import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './children.js';
import { Interrupted } from './failures.js';

const pollMilliseconds = 500;

/**
 * Takes the lock, waiting for another set-up that holds it.
 *
 * @param {string} path
 * @param {object} options
 * @param {AbortSignal} options.signal ends the wait
 * @param {(holder: number) => void} options.onWait called once, with the other's process id
 * @returns {Promise<() => Promise<void>>} gives the lock back
 * @throws {Interrupted}
 */
export async function takeLock(path, { signal, onWait }) {
  await mkdir(dirname(path), { recursive: true });
  const own = `${process.pid}\n`;
  let waiting = false;
  while (!(await create(path, own))) {
    const holder = await readHolder(path);
    if (holder === undefined) {
      continue;
    }
    if (!(await isSetup(holder))) {
      await removeStale(path, holder);
      continue;
    }
    if (!waiting) {
      onWait(holder);
    }
    waiting = true;
    await sleep(pollMilliseconds, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      throw new Interrupted();
    }
  }
  return async () => {
    // Someone may have removed the lock by hand and another set-up taken it since.
    if ((await readHolder(path)) === process.pid) {
      await rm(path, { force: true });
    }
  };
}

/**
 * @param {string} path
 * @param {string} content
 */
async function create(path, content) {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** @param {string} path */
async function readHolder(path) {
  try {
    const holder = Number.parseInt(await readFile(path, 'utf8'), 10);
    if (Number.isInteger(holder)) {
      return holder;
    }
    // Created, and its process id not written yet.
    await sleep(50);
    const later = Number.parseInt(await readFile(path, 'utf8'), 10);
    return Number.isInteger(later) ? later : 0;
  } catch {
    return undefined;
  }
}

/**
 * Whether a process is a set-up at work. Process ids are used again, so being alive is not enough.
 *
 * @param {number} pid
 */
async function isSetup(pid) {
  if (pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
  let command;
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    command = (await run('ps', ['-o', 'command=', '-p', String(pid)])).output;
  }
  return /node/.test(command);
}

/**
 * Removes the lock of a set-up that was ended before it could. Two waiting set-ups may both get here, and the slower
 * must not remove what the faster has created since: so the file is moved away, looked at, and put back if it is new.
 *
 * @param {string} path
 * @param {number} holder
 */
async function removeStale(path, holder) {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readHolder(aside);
  if (moved !== holder) {
    await rename(aside, path);
  } else {
    await rm(aside, { force: true });
  }
}
