/** Writes the files that a person asks for, and says why one cannot be written. */

import { openSync } from 'node:fs';
import { constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { guarded } from '../background.ts';
import { replaceFile, syncFolder, temporaryBeside } from './durable.ts';
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
 * A file that is whole after each addition: what is added comes behind, and only then is its head written anew. It takes its name
 * with the first addition, so that until then an older file is untouched. A device or a pipe takes the first head and all that
 * is added.
 */
export class GrowingFile {
  readonly #path: string;
  readonly #purpose: FilePurpose;
  #target: Target | undefined;
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(path: string, purpose: FilePurpose) {
    this.#path = path;
    this.#purpose = purpose;
  }

  /** Whether heads are written anew. Throws `not-writable`. */
  async canGoBack(): Promise<boolean> {
    return (await this.#resolve()).kind === 'file';
  }

  /**
   * `head` always has the same length. Throws `not-writable`, naming the path, and leaves what was
   * whole before.
   */
  async add(piece: Uint8Array, head: Uint8Array): Promise<void> {
    const { kind } = await this.#resolve();
    const added = this.#file === undefined ? Buffer.concat([head, piece]) : piece;
    try {
      if (this.#file === undefined) {
        this.#file = await this.#begin(added);
      } else {
        await this.#file.appendFile(added);
        if (kind === 'file' && head.length > 0) {
          await this.#file.write(head, 0, head.length, 0);
        }
      }
    } catch (cause) {
      if (kind === 'file') {
        await this.#file?.truncate(this.#bytes).catch(() => undefined);
      }
      throw notWritable(this.#path, this.#purpose, cause);
    }
    this.#bytes += added.length;
  }

  /** Waits until it is on the disk, and returns its length. Throws `not-writable`. */
  async close(): Promise<number> {
    const { kind, path } = await this.#resolve();
    try {
      await using file = this.#file;
      if (file !== undefined && kind === 'file') {
        await file.sync();
        await syncFolder(dirname(path));
      }
      return this.#bytes;
    } catch (cause) {
      throw notWritable(this.#path, this.#purpose, cause);
    }
  }

  async #resolve(): Promise<Target> {
    try {
      return (this.#target ??= await resolveTarget(this.#path));
    } catch (cause) {
      throw notWritable(this.#path, this.#purpose, cause);
    }
  }

  /** The file with its first content, open to go on. */
  async #begin(content: Uint8Array): Promise<FileHandle> {
    const { kind, path } = await this.#resolve();
    const name = kind === 'file' ? temporaryBeside(path) : path;
    const file = await open(name, kind === 'file' ? 'wx' : constants.O_WRONLY);
    try {
      if (kind === 'file') {
        await file.chmod(outputMode());
      }
      await file.appendFile(content);
      if (kind === 'file') {
        await rename(name, path);
      }
      return file;
    } catch (error) {
      await file.close();
      if (kind === 'file') {
        await rm(name, { force: true });
      }
      throw error;
    }
  }
}

/** Whether a named pipe is there. */
export const isPipe = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isFIFO() === true;

/** How often it is looked whether somebody reads a named pipe. */
const pipeMilliseconds = 50;

/**
 * Opens a named pipe once somebody reads it. Not as a file, for which a thread would wait that nothing can end before it is read.
 * Throws `not-writable`, and the signal's reason when it is aborted.
 */
export async function openPipe(path: string, purpose: FilePurpose, signal: AbortSignal): Promise<Writable> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      // What fails is told to whoever writes.
      return new Socket({ fd, readable: false, writable: true }).on(
        'error',
        guarded('writing to a pipe', () => undefined),
      );
    } catch (cause) {
      if (errnoOf(cause) !== 'ENXIO') {
        throw notWritable(path, purpose, cause);
      }
    }
    await delay(pipeMilliseconds);
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
