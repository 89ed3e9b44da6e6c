/** Where a checkpoint is to be written: whether it may be, and how it gets there whole or not at all. */

import { createHash } from 'node:crypto';
import { readdirSync, realpathSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { modelsFolder } from '../checkpoint/build.ts';
import { makeFolder, syncFolder } from '../../files/durable.ts';
import { withLock } from '../../files/lock.ts';
import type { ModelOptions } from '../progress.ts';
import { errnoOf, storageError } from '../../files/storage-errors.ts';

/** What must not be written into. */
export interface Surroundings {
  readonly dataFolder: string;
  /** The folder of the checkpoint that is read. */
  readonly source: string;
}

/** Throws 'bad-input' where there is something at `out` already. */
export function checkVacant(out: string): void {
  let entries: string[];
  try {
    entries = readdirSync(out);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') {
      return;
    }
    if (errno === 'ENOTDIR') {
      throw new TidemarkError(
        'bad-input',
        `${out} is a file, or is below one, so no folder can be made there.`,
        { hint: 'Give --out a folder that is empty or not there yet.' },
      );
    }
    throw storageError(error, out, '--out');
  }
  if (entries.length > 0) {
    throw new TidemarkError('bad-input', `${out} is not empty, and nothing in it is overwritten.`, {
      hint: 'Give --out a folder that is empty or not there yet.',
    });
  }
}

/** Throws 'bad-input' where `out` lies in the source, or among the models that Tidemark makes and removes itself. */
export function checkApart(out: string, { dataFolder, source }: Surroundings): void {
  const place = realPath(out);
  if (isWithin(place, realPath(source))) {
    throw new TidemarkError('bad-input', `${out} is inside the checkpoint that it would be made from.`, {
      hint: 'Give --out a folder beside it.',
    });
  }
  if (isWithin(place, realPath(modelsFolder(dataFolder)))) {
    throw new TidemarkError('bad-input', `${out} is where Tidemark keeps the models of its catalogue.`, {
      hint: 'Give --out a folder of your own.',
    });
  }
}

/** The path with its links followed, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../');
}

/**
 * Runs `fill` with an empty folder beside `out` and moves that to `out` when it is done. Whatever else happens, nothing of it
 * is left; what a killed process left there is removed by the next one. One process at a time writes to an `out`.
 *
 * Throws what `fill` throws, with the disk's errors as 'not-writable' and an abort as 'interrupted'.
 */
export async function fillWhole<Result>(
  out: string,
  { dataFolder, signal }: ModelOptions,
  fill: (partial: string) => Promise<Result>,
): Promise<Result> {
  const partial = join(dirname(out), `.${basename(out)}.tidemark-partial`);
  const name = createHash('sha256').update(resolve(out)).digest('hex').slice(0, 16);
  return await withLock(
    join(dataFolder, 'locks', `out-${name}.lock`),
    async () => {
      try {
        checkVacant(out);
        makeFolder(dirname(out));
        await rm(partial, { recursive: true, force: true });
        makeFolder(partial);
        const result = await fill(partial);
        signal?.throwIfAborted();
        await syncFolder(partial);
        await moveInto(partial, out);
        return result;
      } catch (error) {
        await rm(partial, { recursive: true, force: true }).catch(() => undefined);
        if (signal?.aborted === true) {
          throw signal.reason instanceof TidemarkError
            ? signal.reason
            : new TidemarkError(
                'interrupted',
                `The writing of ${out} was interrupted; nothing of it is left.`,
                {
                  cause: error,
                },
              );
        }
        throw storageError(error, out, '--out');
      }
    },
    { signal },
  );
}

/** An empty folder at `out` gives way; one that has been filled meanwhile does not. */
async function moveInto(partial: string, out: string): Promise<void> {
  try {
    await rename(partial, out);
  } catch (error) {
    checkVacant(out);
    throw error;
  }
  await syncFolder(dirname(out));
}
