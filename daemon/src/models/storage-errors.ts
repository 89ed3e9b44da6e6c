/** What the file system refuses, as errors that a person can act on. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

/** The system's name of an error (`ENOSPC`), if it is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const homeHint = 'Set TIDEMARK_HOME to a folder that can be written to.';

/** A TidemarkError for what went wrong while writing at `path`; other errors come back as they are. */
export function storageError(error: unknown, path: string): unknown {
  if (error instanceof TidemarkError) {
    return error;
  }
  switch (errnoOf(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TidemarkError('not-writable', `The disk that holds ${path} is full.`, {
        hint: 'Free some space, or set TIDEMARK_HOME to a folder on another disk.',
        cause: error,
      });
    case 'EFBIG':
      return new TidemarkError(
        'not-writable',
        `The system does not allow a file as large as ${path} needs.`,
        {
          hint: 'Raise the limit (`ulimit -f`), or set TIDEMARK_HOME to a folder on another disk.',
          cause: error,
        },
      );
    case 'EROFS':
      return new TidemarkError('not-writable', `The disk that holds ${path} is read-only.`, {
        hint: homeHint,
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new TidemarkError('not-writable', `There is no permission to write at ${path}.`, {
        hint: homeHint,
        cause: error,
      });
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return new TidemarkError('not-writable', `${path} cannot be made: something else is in its place.`, {
        hint: homeHint,
        cause: error,
      });
    case 'EIO':
      return new TidemarkError('not-writable', `The disk that holds ${path} reports an error.`, {
        hint: homeHint,
        cause: error,
      });
    default:
      return error;
  }
}
