/** Whether a checkpoint may be written where a person wants it. */

import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errnoOf, storageError } from '../../files/storage-errors.ts';
import { modelsFolder } from '../checkpoint/build.ts';

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
