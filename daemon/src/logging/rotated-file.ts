/** A file that lines are appended to, renamed when it is full, and of which the newest few are kept. */

import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readSync } from 'node:fs';
import { renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatedFileOptions {
  readonly path: string;
  /** A file that a line would take beyond so many bytes is renamed first. */
  readonly maximumBytes: number;
  /** How many files are kept, the one that is written to included. */
  readonly files: number;
  /** Milliseconds since the epoch; a file that could not be opened is tried again only after a while. */
  readonly now?: () => number;
}

/** The `place`-th file from the newest: `daemon.log`, `daemon.log.1`, … */
export const rotatedPath = (path: string, place: number): string => (place === 0 ? path : `${path}.${place}`);

interface OpenFile {
  readonly descriptor: number;
  bytes: number;
  /** Whether the last line was cut short, by a full disk or a power cut. */
  endsMidLine: boolean;
}

const reopenMilliseconds = 5000;
const lineBreak = 10;

/**
 * Never throws: what cannot be written is counted, and the file is tried again later. Lines are handed to the system one by
 * one as they come, so that a process that is killed loses none; a daemon writes few of them.
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

  /** Appends a line that ends with a line break. Says whether it is written. */
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

  /** Puts what was written on the disk, and writes nothing more. */
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
      // Somebody removed it: what is written into it from here on would be read by nobody.
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
    // Through one descriptor to the end: where the renaming fails, the file grows on rather than be lost.
    const old = this.#file;
    try {
      if (files > 1) {
        rmSync(rotatedPath(path, files - 1), { force: true });
        for (let place = files - 2; place >= 0; place -= 1) {
          renameWhereThere(rotatedPath(path, place), rotatedPath(path, place + 1));
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

function openForAppending(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { O_APPEND, O_CREAT, O_RDWR } = constants;
  const descriptor = openSync(path, O_APPEND | O_CREAT | O_RDWR, 0o600);
  const bytes = fstatSync(descriptor).size;
  const last = Buffer.of(lineBreak);
  if (bytes > 0) {
    readSync(descriptor, last, 0, 1, bytes - 1);
  }
  return { descriptor, bytes, endsMidLine: last[0] !== lineBreak };
}

function appendTo(file: OpenFile, content: Buffer): void {
  for (let done = 0; done < content.length;) {
    // A disk that fills takes a part of what it is given, and refuses the rest.
    const written = writeSync(file.descriptor, content, done);
    done += written;
    file.bytes += written;
    file.endsMidLine = content[done - 1] !== lineBreak;
  }
}

function renameWhereThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}
