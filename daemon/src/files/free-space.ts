/** Whether a disk has room for what is about to be written, asked before the work rather than after it. */

import { statfs } from 'node:fs/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import type { HomeVariable } from './storage-errors.ts';

export interface SpaceRequest {
  /** What is written, as the beginning of a sentence. */
  readonly name: string;
  readonly neededBytes: number;
  /** A folder on the disk. */
  readonly folder: string;
  /** What the person sets to write elsewhere. */
  readonly variable: HomeVariable;
}

/** Throws 'not-writable' where too little is free. */
export async function checkFreeSpace({ name, neededBytes, folder, variable }: SpaceRequest): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(folder);
  const available = bavail * bsize;
  // Some network file systems do not say how large they are.
  if (blocks > 0 && available < neededBytes) {
    throw new TidemarkError(
      'not-writable',
      `${name} needs ${formatBytes(neededBytes)} of disk space, and ${formatBytes(available)} are free at ${folder}.`,
      { hint: `Free some space, or set ${variable} to a folder on another disk.` },
    );
  }
}
