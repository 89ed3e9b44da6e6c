/** Random access to bytes that lie in a local file or behind a server, for readers that need only a header. */

import { open, stat } from 'node:fs/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { errnoOf } from '../../files/storage-errors.ts';

export interface ByteSource {
  /** For error messages: a path, or a repository and a file name. */
  readonly description: string;
  /** Bytes in all. */
  readonly size: number;
  /** Exactly `length` bytes from `start`, both within `size`; throws a TidemarkError when they cannot be had. */
  read(start: number, length: number): Promise<Uint8Array>;
}

/** A local file, opened anew for each read. Throws 'bad-checkpoint' when there is no readable file at `path`. */
export async function fileSource(path: string): Promise<ByteSource> {
  const size = await sizeOfFile(path);
  return {
    description: path,
    size,
    read: async (start, length) => {
      await using file = await open(path);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
      if (bytesRead < length) {
        throw new TidemarkError('bad-checkpoint', `${path} was cut short while it was read.`);
      }
      return buffer;
    },
  };
}

async function sizeOfFile(path: string): Promise<number> {
  let stats;
  try {
    stats = await stat(path);
  } catch (cause) {
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '');
    const message = isMissing ? `There is no file at ${path}.` : `${path} cannot be read.`;
    throw new TidemarkError('bad-checkpoint', message, { cause });
  }
  if (!stats.isFile()) {
    throw new TidemarkError('bad-checkpoint', `${path} is not a file.`);
  }
  return stats.size;
}
