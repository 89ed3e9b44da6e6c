/**
 * What says that a daemon has a data folder: a lock beside the history, and a note of who it is. Both are looked after, since people
 * and tidying programs remove what they do not know, and move folders.
 */

import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  daemonOf,
  holderOf,
  noteFileOf,
  processMark,
  readNote,
} from '@tidemark/shared/client/daemon-note.ts';
import type { DaemonNote } from '@tidemark/shared/client/daemon-note.ts';
import type { TidemarkError } from '@tidemark/shared/errors.ts';
import { replaceFileNow } from '../files/durable.ts';
import { holdLock } from '../files/lock.ts';
import { takeFolder, takeHome } from '../files/own.ts';
import { fileAt } from '../history/connect.ts';
import { historyFile, historyLock } from '../history/history.ts';
import { daemonRunning, historyInUse, ownerAt } from '../history/owner.ts';

export class Presence implements Disposable {
  readonly note: DaemonNote;
  readonly #dataFolder: string;
  #lock: Disposable | undefined;
  #lockFile: string | undefined;

  /**
   * Takes the data folder for this process until it is disposed of; the kernel drops the lock with its holder. Throws
   * 'daemon-running' where a daemon has it, 'busy' where an import has, and 'not-writable'. A note that a killed daemon left behind is replaced.
   */
  constructor(dataFolder: string, startedAt: Date) {
    const { pid } = process;
    this.note = { pid, startedAt: startedAt.toISOString(), process: processMark(pid) };
    this.#dataFolder = dataFolder;
    takeHome(dataFolder);
    this.#takeLock();
    // A daemon from before the lock lay here has another one.
    const other = daemonOf(dataFolder);
    if (other !== undefined && other.pid !== pid) {
      this.#lock?.[Symbol.dispose]();
      throw daemonRunning(other);
    }
    this.#write();
  }

  /** Makes again what was removed, and returns what that was. Throws as the constructor does. */
  restore(): string[] {
    const restored: string[] = [];
    takeHome(this.#dataFolder);
    if (fileAt(historyLock(this.#dataFolder)) !== this.#lockFile) {
      this.#takeLock();
      restored.push('lock');
    }
    const path = noteFileOf(this.#dataFolder);
    if (JSON.stringify(readIfThere(path)) !== JSON.stringify(this.note)) {
      this.#write();
      restored.push('note');
    }
    return restored;
  }

  [Symbol.dispose](): void {
    const path = noteFileOf(this.#dataFolder);
    if (readIfThere(path)?.pid === this.note.pid) {
      rmSync(path, { force: true });
    }
    this.#lock?.[Symbol.dispose]();
  }

  /** The lock that was held before, of a file that is elsewhere or gone, is dropped once there is another. */
  #takeLock(): void {
    const path = historyLock(this.#dataFolder);
    const lock = holdLock(path);
    if (lock === undefined) {
      throw this.#held();
    }
    this.#lock?.[Symbol.dispose]();
    this.#lock = lock;
    this.#lockFile = fileAt(path);
  }

  /** Whoever has the lock: the daemon that the note or the history names, if that runs. */
  #held(): TidemarkError {
    const notes = [readIfThere(noteFileOf(this.#dataFolder)), ownerAt(historyFile(this.#dataFolder))];
    const daemon = notes.find((note) => note !== undefined && holderOf(note) !== undefined);
    return daemon === undefined ? historyInUse() : daemonRunning(daemon);
  }

  #write(): void {
    const path = noteFileOf(this.#dataFolder);
    takeFolder(dirname(path));
    replaceFileNow(path, `${JSON.stringify(this.note)}\n`);
  }
}

function readIfThere(path: string): DaemonNote | undefined {
  try {
    return readNote(path);
  } catch {
    return undefined;
  }
}
