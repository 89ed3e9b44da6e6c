/** Where runs go that retention removes: exports beside the history, one a day, which `tidemark runs import` brings back. */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder, syncFolderNow } from '../files/durable.ts';
import { errnoOf, storageError } from '../files/storage-errors.ts';

/** How long they are kept, and how many bytes of them beside those of the current day. */
export const removedDays = 90;
const mostBytes = 512_000_000;

const day = 86_400_000;

export const removedFolder = (dataFolder: string): string => join(dataFolder, 'removed');

export class RemovedRuns {
  readonly folder: string;

  /** `path` is that of the history. */
  constructor(path: string) {
    this.folder = removedFolder(dirname(path));
  }

  /** Adds lines of an export to the file of the day; they are on the disk when this returns. Throws 'not-writable'. */
  append(header: string, lines: readonly string[], at: Date): void {
    const path = join(this.folder, nameOf(at));
    try {
      makeFolder(this.folder, 0o700);
      const file = openSync(path, 'a+', 0o600);
      const { size } = fstatSync(file);
      try {
        const begin = size === 0 ? `${header}\n` : endsLine(file, size) ? '' : '\n';
        writeFileSync(file, `${begin}${lines.join('\n')}\n`);
        fsyncSync(file);
      } catch (error) {
        ftruncateSync(file, size);
        throw error;
      } finally {
        closeSync(file);
      }
      if (size === 0) {
        syncFolderNow(path);
        syncFolderNow(this.folder);
      }
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Removes files that are too old, and the oldest ones where they are too many bytes; never that of `now`. */
  expire(now: Date): void {
    let bytes = 0;
    const oldest = nameOf(new Date(now.getTime() - removedDays * day));
    for (const name of this.#names()
      .filter((each) => each < nameOf(now))
      .toReversed()) {
      const path = join(this.folder, name);
      bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (name < oldest || bytes > mostBytes) {
        rmSync(path, { force: true });
      }
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => /^runs-\d{4}-\d\d-\d\d\.jsonl$/.test(name))
        .sort();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        return [];
      }
      throw storageError(error, this.folder);
    }
  }
}

const nameOf = (at: Date): string => `runs-${at.toISOString().slice(0, 10)}.jsonl`;

/** A crash may have cut the last line. */
function endsLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString() === '\n';
}
