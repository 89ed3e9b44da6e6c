/** A file that lines are appended to. It is renamed when it is full, and the newest few are kept. */

import { chmodSync, closeSync, constants, fchmodSync, fstatSync, fsyncSync, mkdirSync } from 'node:fs';
import { openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { faultOf, folderFault } from '@tidemark/shared/client/ownership.ts';
import type { Fault } from '@tidemark/shared/client/ownership.ts';

export interface RotatedFileOptions {
  readonly path: string;
  /** A file that the next line would make larger than this is renamed first. */
  readonly maximumBytes: number;
  /** How many files are kept, including the one that is written to. */
  readonly files: number;
  /** Milliseconds since the epoch; a file that could not be opened is retried only after a while. */
  readonly now?: () => number;
}

/** The `place`-th file from the newest: `daemon.log`, `daemon.log.1`, … */
export const rotatedPath = (path: string, place: number): string => (place === 0 ? path : `${path}.${place}`);

interface OpenFile {
  readonly descriptor: number;
  bytes: number;
  /** Whether the last line was cut off, by a full disk or a power failure. */
  endsMidLine: boolean;
}

const reopenMilliseconds = 5000;
const lineBreak = 10;

/**
 * Never throws: lines that cannot be written are counted, and the file is retried later. Each line is passed to the system at
 * once, so that a process that is killed loses none; a daemon writes few of them.
 */
export class RotatedFile {
  readonly #options: RotatedFileOptions;
  readonly #now: () => number;
  #file: OpenFile | undefined;
  #openAgainAt = 0;
  #isClosed = false;
  #lost = 0;
  #trouble: Error | undefined;

  constructor(options: RotatedFileOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Lines that could not be written since the last one that could. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the last line could not be written. */
  get trouble(): Error | undefined {
    return this.#trouble;
  }

  /** Appends a line that ends with a line break. Returns whether it was written. */
  write(line: string): boolean {
    try {
      if (this.#isClosed || !this.#append(Buffer.from(line))) {
        this.#lost += 1;
        return false;
      }
      this.#lost = 0;
      this.#trouble = undefined;
      return true;
    } catch (error) {
      this.#lost += 1;
      this.#trouble = error instanceof Error ? error : new Error(String(error));
      return false;
    }
  }

  /** Flushes what was written to disk, and writes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#release((descriptor) => fsyncSync(descriptor));
  }

  #append(line: Buffer): boolean {
    let file = this.#current();
    if (file === undefined) {
      return false;
    }
    if (file.bytes > 0 && file.bytes + line.length > this.#options.maximumBytes) {
      file = this.#rotate();
    }
    if (file.endsMidLine) {
      appendTo(file, Buffer.of(lineBreak));
    }
    appendTo(file, line);
    return true;
  }

  #current(): OpenFile | undefined {
    if (this.#file !== undefined && fstatSync(this.#file.descriptor).nlink === 0) {
      // Somebody removed it: nobody could read what is written to it from now on.
      this.#release();
    }
    if (this.#file === undefined && this.#now() >= this.#openAgainAt) {
      this.#openAgainAt = this.#now() + reopenMilliseconds;
      this.#file = openForAppending(this.#options.path);
      this.#openAgainAt = 0;
    }
    return this.#file;
  }

  #rotate(): OpenFile {
    const { path, files } = this.#options;
    // The old descriptor is kept until the end: if renaming fails, the file keeps growing rather than being lost.
    const old = this.#file;
    try {
      if (files > 1) {
        rmSync(rotatedPath(path, files - 1), { force: true });
        for (let place = files - 2; place >= 0; place -= 1) {
          renameIfExists(rotatedPath(path, place), rotatedPath(path, place + 1));
        }
      } else {
        rmSync(path, { force: true });
      }
      this.#file = openForAppending(path);
    } catch (error) {
      if (old === undefined) {
        throw error;
      }
      return old;
    }
    if (old !== undefined) {
      closeSync(old.descriptor);
    }
    return this.#file;
  }

  #release(before: (descriptor: number) => void = () => undefined): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) {
      return;
    }
    for (const step of [before, closeSync]) {
      try {
        step(file.descriptor);
      } catch (error) {
        this.#trouble = error instanceof Error ? error : new Error(String(error));
      }
    }
  }
}

/** Throws also where another user may have planted the folder or the file: a link, a pipe, a second name. */
function openForAppending(path: string): OpenFile {
  const folder = dirname(path);
  refuse(path, folderFault(folder));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  refuse(path, faultOf(path, 'file'));
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  const descriptor = openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_RDWR, 0o600);
  try {
    refuse(path, faultOf(path, 'file', fstatSync(descriptor)));
    fchmodSync(descriptor, 0o600);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  const bytes = fstatSync(descriptor).size;
  const last = Buffer.of(lineBreak);
  if (bytes > 0) {
    readSync(descriptor, last, 0, 1, bytes - 1);
  }
  return { descriptor, bytes, endsMidLine: last[0] !== lineBreak };
}

function refuse(path: string, fault: Fault | undefined): void {
  if (fault !== undefined) {
    throw new Error(fault.path === path ? fault.why : `${fault.path}: ${fault.why}`);
  }
}

function appendTo(file: OpenFile, content: Buffer): void {
  for (let done = 0; done < content.length;) {
    // A disk that is almost full takes a part of what it is given, and refuses the rest.
    const written = writeSync(file.descriptor, content, done);
    done += written;
    file.bytes += written;
    file.endsMidLine = content[done - 1] !== lineBreak;
  }
}

function renameIfExists(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}
