/** Reads a rotated log: its last lines, and the lines that are added, across the renaming of its files. */

import { open, readdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readPlain } from '@tidemark/shared/client/ownership.ts';
import { rotatedPath } from './rotated-file.ts';

const lineBreak = 10;

/** The existing files of a log, oldest first. */
export async function logFilesOf(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch((): string[] => []);
  const places = names
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  const isThere = names.includes(basename(path));
  return [...places.sort((a, b) => b - a), ...(isThere ? [0] : [])].map((place) => rotatedPath(path, place));
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  readonly pollMilliseconds?: number;
}

/** A log that is read once: its last lines first, then the lines that are added. No line is read twice or skipped. */
export class LogReader implements AsyncDisposable {
  readonly #path: string;
  /** The file that is written to, as it was when it was opened; under its descriptor whatever it is called later. */
  #file: FileHandle | undefined;
  #offset = 0;

  private constructor(path: string, file: FileHandle | undefined) {
    this.#path = path;
    this.#file = file;
  }

  /** A log that does not exist yet can be followed too. */
  static async open(path: string): Promise<LogReader> {
    return new LogReader(path, await openIfExists(path));
  }

  /** The last `count` whole lines that `isWanted` accepts, oldest first, without their line breaks. */
  async lastLines(count: number, isWanted: (line: string) => boolean = () => true): Promise<string[]> {
    const newest = (await this.#file?.readFile()) ?? Buffer.alloc(0);
    this.#offset = newest.lastIndexOf(lineBreak) + 1;
    const inode = (await this.#file?.stat())?.ino;
    const select = (text: string, most: number): string[] =>
      most === 0
        ? []
        : text
            .split('\n')
            .filter((line) => line !== '' && isWanted(line))
            .slice(-most);
    let lines = select(newest.toString('utf8', 0, this.#offset), count);
    for (const path of (await logFilesOf(this.#path)).reverse()) {
      const file = lines.length < count && path !== this.#path ? await openIfExists(path) : undefined;
      if (file !== undefined) {
        await using older = file;
        const isNewest = (await older.stat()).ino === inode;
        lines = isNewest ? lines : [...select(await older.readFile('utf8'), count - lines.length), ...lines];
      }
    }
    return lines;
  }

  /** Passes each whole line that is added to `onLine`, in order. Resolves when the signal is aborted. */
  async follow({ signal, onLine, pollMilliseconds = 200 }: FollowOptions): Promise<void> {
    let lines = new Lines(onLine);
    while (!signal.aborted) {
      const current = await stat(this.#path).catch(() => undefined);
      this.#file ??= await openIfExists(this.#path);
      // Read after the check: if the path is another file by now, this one is no longer written to.
      await this.#readTo(lines);
      const inode = (await this.#file?.stat())?.ino;
      if (inode !== undefined && current !== undefined && current.ino !== inode) {
        const missed = await filesBetween(this.#path, inode);
        for (const path of missed) {
          await this.#use(await openIfExists(path));
          await this.#readTo(new Lines(onLine));
        }
        await this.#use(undefined);
        lines = new Lines(onLine);
      } else {
        await delay(pollMilliseconds, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#use(undefined);
  }

  async #use(file: FileHandle | undefined): Promise<void> {
    await this.#file?.close();
    this.#file = file;
    this.#offset = 0;
  }

  async #readTo(lines: Lines): Promise<void> {
    const chunk = Buffer.alloc(65_536);
    for (;;) {
      const bytesRead = (await this.#file?.read(chunk, 0, chunk.length, this.#offset))?.bytesRead ?? 0;
      if (bytesRead === 0) {
        return;
      }
      this.#offset += bytesRead;
      lines.take(chunk.subarray(0, bytesRead));
    }
  }
}

/** The renamed files that are newer than the one with this inode, oldest first; none if that one is gone. */
async function filesBetween(path: string, inode: number): Promise<string[]> {
  const newer: string[] = [];
  for (const file of (await logFilesOf(path)).reverse()) {
    const found = await stat(file).catch(() => undefined);
    if (found?.ino === inode) {
      return newer.reverse();
    }
    if (file !== path) {
      newer.push(file);
    }
  }
  return [];
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, readPlain);
  } catch {
    return undefined;
  }
}

/** Cuts bytes into lines; bytes and not text, since a piece may end within a character. */
class Lines {
  readonly #onLine: (line: string) => void;
  #rest = Buffer.alloc(0);

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(piece: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, piece]);
    let begin = 0;
    for (let end = bytes.indexOf(lineBreak); end >= 0; end = bytes.indexOf(lineBreak, begin)) {
      if (end > begin) {
        this.#onLine(bytes.toString('utf8', begin, end));
      }
      begin = end + 1;
    }
    this.#rest = bytes.subarray(begin);
  }
}
