/** Writes the files that a person asks for, and says why one cannot be written. */

import { constants, open, realpath, rm, stat } from 'node:fs/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { replaceFile, temporaryBeside } from './durable.ts';
import type { FileContent } from './durable.ts';
import { outputMode } from './own.ts';
import { errnoOf, reasonOf, writeRemedy } from './storage-errors.ts';

/** What a file is to the person who asked for it, in the words of an error. */
export interface FilePurpose {
  /** As a subject: “The audio”. */
  readonly what: string;
  /** How its path is given: `--out speech.wav`. */
  readonly example: string;
}

/**
 * Writes `content` to `path`: into a file beside it, which takes its name when it is whole and on the disk, so that a
 * reader never meets half a file and a failure leaves an older one untouched. A device or a pipe is written directly.
 *
 * Throws `not-writable`, naming the path, and what the making of the pieces throws.
 */
export async function writeWhole(path: string, content: FileContent, purpose: FilePurpose): Promise<void> {
  try {
    const target = await resolveTarget(path);
    if (target.kind === 'file') {
      await replaceFile(target.path, content, outputMode());
    } else {
      await using stream = await open(target.path, constants.O_WRONLY);
      await stream.writeFile(content);
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
    if (target.kind === 'file') {
      const probe = temporaryBeside(target.path);
      await (await open(probe, 'wx')).close();
      await rm(probe);
    }
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
    if (errnoOf(error) !== 'ENOENT') {
      throw error;
    }
    return { kind: 'file', path };
  }
}

function notWritable(path: string, { what, example }: FilePurpose, cause: unknown): TidemarkError {
  // Not the file's doing, but that of the pieces.
  if (cause instanceof TidemarkError) {
    return cause;
  }
  const hints: Readonly<Record<string, string>> = {
    EISDIR: `Add a file name, for example ${example}.`,
    ENOENT: 'Create the folder first, or give another path.',
  };
  const reason = reasonOf(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new TidemarkError('not-writable', `${what} cannot be written to “${path}”: ${reason}.`, {
    hint: hints[errnoOf(cause) ?? ''] ?? writeRemedy(cause, 'give a path'),
    cause,
  });
}
