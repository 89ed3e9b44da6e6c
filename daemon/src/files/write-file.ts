/** Writes files that are either whole or not there, and says why one cannot be written. */

import { constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TidemarkError } from '@tidemark/shared/errors.ts';

/** What a file is to the person who asked for it, in the words of an error. */
export interface FilePurpose {
  /** As a subject: “The audio”. */
  readonly what: string;
  /** The option that says where it goes: `--out`. */
  readonly option: string;
  /** A name that it could have: `speech.wav`. */
  readonly example: string;
}

/** Pieces are written as they come, so that what does not fit into memory can be written too. */
export type FileContent = Uint8Array | string | Iterable<string>;

/**
 * Writes `content` to `path`: into a file beside it, which takes its name when it is whole and on the disk, so that a
 * reader never meets half a file and a failure leaves an older one untouched. A device or a pipe is written directly.
 *
 * Throws `not-writable`, naming the path, and what the making of the pieces throws.
 */
export async function writeWhole(path: string, content: FileContent, purpose: FilePurpose): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (target.kind === 'stream') {
      await writeInto(target.path, content, constants.O_WRONLY);
    } else {
      await replaceFile(target.path, content);
    }
  } catch (cause) {
    throw notWritable(path, purpose, cause);
  }
}

/**
 * Fails as {@link writeWhole} would, before the work whose result is to be written: the folder must be there and take a new
 * file, and the path must not be a folder. Leaves nothing behind. Throws `not-writable`.
 */
export async function checkWritable(path: string, purpose: FilePurpose): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (target.kind === 'stream') {
      return;
    }
    const probe = temporaryBeside(target.path);
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (cause) {
    throw notWritable(path, purpose, cause);
  }
}

interface Target {
  readonly kind: 'file' | 'stream';
  readonly path: string;
}

/** Follows a link, so that its file is replaced and not the link; a device must never be replaced by a file. */
async function resolveTarget(path: string): Promise<Target> {
  if (path === '' || path.endsWith('/')) {
    throw Object.assign(new Error('not the name of a file'), { code: 'EISDIR' });
  }
  try {
    const entry = await stat(path);
    if (entry.isDirectory()) {
      throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    }
    // A pipe behind /dev/stdout has no path of its own, so only a file's links are followed to the end.
    return entry.isFile() ? { kind: 'file', path: await realpath(path) } : { kind: 'stream', path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    return { kind: 'file', path };
  }
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${Date.now().toString(36)}.part`);
}

async function replaceFile(path: string, content: FileContent): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeInto(temporary, content, 'wx');
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeInto(path: string, content: FileContent, flags: 'wx' | number): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.writeFile(content);
    if (flags === 'wx') {
      await file.sync();
    }
  } finally {
    await file.close();
  }
}

/** Why a path cannot be written, for the codes that a person can do something about. */
function reasonOf(
  code: string,
  { option, example }: FilePurpose,
): readonly [reason: string, hint: string] | undefined {
  switch (code) {
    case 'ENOENT':
      return ['there is no such folder', `Create the folder first, or choose another place with ${option}.`];
    case 'ENOTDIR':
      return ['a part of the path is no folder', `Choose another place with ${option}.`];
    case 'EISDIR':
      return ['it is a folder', `Add the name of the file, as in ${option} ${example}.`];
    case 'EACCES':
    case 'EPERM':
      return ['permission is denied', 'Choose a place that you may write to.'];
    case 'EROFS':
      return ['the disk is read-only', 'Choose a place on another disk.'];
    case 'ENOSPC':
      return ['the disk is full', 'Make room, or choose a place on another disk.'];
    case 'EDQUOT':
      return ['the disk quota is used up', 'Make room, or choose a place on another disk.'];
    case 'ENAMETOOLONG':
      return ['the name is too long', 'Choose a shorter name.'];
    default:
      return undefined;
  }
}

function notWritable(path: string, purpose: FilePurpose, cause: unknown): TidemarkError {
  // Not the file's doing, but that of the pieces.
  if (cause instanceof TidemarkError) {
    return cause;
  }
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [reason, hint] = reasonOf(code, purpose) ?? [message, `Choose another place with ${purpose.option}.`];
  return new TidemarkError('not-writable', `${purpose.what} cannot be written to “${path}”: ${reason}.`, {
    hint,
    cause,
  });
}
