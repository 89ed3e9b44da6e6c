/** What the file system refuses, as errors that a person can act on. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

/** The system's name of an error (`ENOSPC`), if it is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Where a person can move what is written: the environment variable, or the command's option, that says so. */
export type HomeVariable = 'TIDEMARK_HOME' | 'HF_HOME' | '--out';

/** A 'not-writable' for what went wrong while writing at `path`; other errors come back as they are. */
export function storageError(
  error: unknown,
  path: string,
  variable: HomeVariable = 'TIDEMARK_HOME',
): unknown {
  const problem = error instanceof TidemarkError ? undefined : problemOf(errnoOf(error) ?? '', path);
  if (problem === undefined) {
    return error;
  }
  const [message, remedy] = problem;
  return new TidemarkError('not-writable', message, { hint: remedy(variable), cause: error });
}

type Remedy = (variable: HomeVariable) => string;

const anotherDisk: Remedy = (variable) => `Free some space, or set ${variable} to a folder on another disk.`;
const anotherFolder: Remedy = (variable) => `Set ${variable} to a folder that can be written to.`;
const higherLimit: Remedy = () => 'Raise the limit that `ulimit -f` shows.';

function problemOf(errno: string, path: string): readonly [message: string, remedy: Remedy] | undefined {
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return [`The disk that holds ${path} is full.`, anotherDisk];
    case 'EFBIG':
      return [`The system allows no file as large as ${path} needs.`, higherLimit];
    case 'EROFS':
      return [`The disk that holds ${path} is read-only.`, anotherFolder];
    case 'EACCES':
    case 'EPERM':
      return [`There is no permission to write at ${path}.`, anotherFolder];
    case 'ENOENT':
      return [`${path} cannot be made there.`, anotherFolder];
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return [`${path} cannot be made: a file is where a folder should be.`, anotherFolder];
    case 'EIO':
      return [`The disk that holds ${path} reports an error.`, anotherFolder];
    default:
      return undefined;
  }
}
