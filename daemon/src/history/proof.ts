/** Tells a damaged file from a disk that fails to read a sound one for a while, which SQLite reports alike. */

import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errnoOf } from '../files/storage-errors.ts';
import { isDamage } from './history-errors.ts';

/** An error like SQLite's own, for what a check found. */
export class DamageError extends Error {
  readonly errcode = 11;
}

/** How often damage has to be found, with pauses between, before it is believed; and the first pause, in milliseconds. */
const looks = 3;
const firstPause = 100;

/**
 * What is wrong with the file, if all of several looks find it damaged while its bytes can be read before and after each;
 * undefined as soon as one finds it sound. Each look has a connection of its own. Throws a TidemarkError ('history') where its
 * bytes cannot be read, and SQLite's errors that say nothing of the file.
 */
export function proveDamage(path: string): Error | undefined {
  let found: Error | undefined;
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, firstPause * 2 ** (look - 1));
    }
    readThrough(path);
    found = damageOf(path);
    if (found === undefined) {
      return undefined;
    }
    readThrough(path);
  }
  return found;
}

function damageOf(path: string): Error | undefined {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: 5000 });
    checkWith(connection, 'integrity_check');
    return undefined;
  } catch (error) {
    if (error instanceof Error && isDamage(error)) {
      return error;
    }
    throw error;
  } finally {
    connection?.close();
  }
}

/** Reads every page and sees whether it is well-formed; `integrity_check` compares the indexes too. Throws for one that is not. */
export function checkWith(connection: DatabaseSync, check: 'quick_check' | 'integrity_check'): void {
  const [row] = connection.prepare(`PRAGMA ${check}(1)`).all();
  const result = row?.[check];
  if (result !== 'ok') {
    throw new DamageError(typeof result === 'string' ? result : 'the integrity check returned no result');
  }
}

/** Reads the file and its log, past SQLite. Throws a TidemarkError ('history') where the disk does not give them. */
function readThrough(path: string): void {
  const buffer = Buffer.alloc(1 << 20);
  for (const suffix of ['', '-wal']) {
    let file: number | undefined;
    try {
      file = openSync(path + suffix, 'r');
      while (readSync(file, buffer) > 0) {
        // Only whether it can be read matters.
      }
    } catch (cause) {
      if (suffix === '' || errnoOf(cause) !== 'ENOENT') {
        throw unreadable(path, cause);
      }
    } finally {
      if (file !== undefined) {
        closeSync(file);
      }
    }
  }
}

/** The error for a history that is sound as far as is known, on a disk that does not give its bytes. */
export const unreadable = (path: string, cause: unknown): TidemarkError =>
  new TidemarkError(
    'history',
    `The history ${path} cannot be read at the moment: the disk that holds it reports errors.`,
    { hint: 'Check the disk. The file was left as it is.', cause },
  );
