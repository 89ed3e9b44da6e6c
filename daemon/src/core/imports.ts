/** Imports that clients ask for: each is a private file that the client fills, and a child process that reads it. */

import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noteFileOf } from '@tidemark/shared/client/daemon-note.ts';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ImportResult } from '@tidemark/shared/protocol/daemon/methods.ts';
import { soon, whenAborted } from '../background.ts';
import { runTask } from '../child-task.ts';
import { takeFile, takeFolder } from '../files/own.ts';
import { storageError } from '../files/storage-errors.ts';
import type { ImportTask } from '../history/import-stream.ts';
import type { Log } from '../logging/log.ts';

export interface ImportsOptions {
  readonly dataFolder: string;
  readonly log: Log;
  /** Called after each batch and at the end. */
  readonly onHistory: () => void;
}

/** Prepared and at work. Each may take a process and a file of gigabytes. */
const mostImports = 4;

const prefix = 'import-';

export class Imports {
  readonly #options: ImportsOptions;
  readonly #folder: string;
  /** With what waits for the end of their connection. */
  readonly #prepared = new Map<string, Disposable>();
  readonly #working = new Set<Promise<unknown>>();
  readonly #ending = new AbortController();

  constructor(options: ImportsOptions) {
    this.#options = options;
    this.#folder = dirname(noteFileOf(options.dataFolder));
  }

  /** Removes the files that a killed daemon left. */
  clear(): void {
    for (const name of readdirSync(this.#folder)) {
      if (name.startsWith(prefix)) {
        rmSync(join(this.#folder, name), { force: true });
      }
    }
  }

  /** An empty file, which is removed when `signal` says that its client has gone. Throws 'busy' and 'not-writable'. */
  prepare(signal: AbortSignal): string {
    this.#ending.signal.throwIfAborted();
    if (this.#prepared.size + this.#working.size >= mostImports) {
      throw new TidemarkError('busy', `The daemon already has ${mostImports} imports at work.`, {
        hint: 'Wait until one of them has ended, and try again.',
      });
    }
    const path = join(this.#folder, `${prefix}${randomUUID()}`);
    try {
      takeFolder(this.#folder);
      takeFile(path);
    } catch (error) {
      throw storageError(error, path);
    }
    const remove = (): void => {
      this.#prepared.delete(path);
      rmSync(path, { force: true });
    };
    this.#prepared.set(path, whenAborted(signal, 'removing an import', remove));
    return path;
  }

  /** Imports a prepared file, once; `client` is who has itself measured what is in it. Throws what the import does, and 'shutting-down' where the daemon is told to stop. */
  async run(path: string, signal: AbortSignal, client?: string): Promise<ImportResult> {
    this.#ending.signal.throwIfAborted();
    const prepared = this.#prepared.get(path);
    if (prepared === undefined) {
      throw new TidemarkError('bad-request', 'No import was prepared for that path.', {
        hint: 'Prepare an import on the same connection first.',
      });
    }
    prepared[Symbol.dispose]();
    this.#prepared.delete(path);
    const { dataFolder, onHistory, log } = this.#options;
    const work = runTask<ImportTask>(
      new URL('../history/import-process.ts', import.meta.url),
      { dataFolder, path, client },
      {
        name: 'The import',
        failure: 'internal',
        onProgress: onHistory,
        signal: AbortSignal.any([signal, this.#ending.signal]),
      },
    );
    this.#working.add(work);
    try {
      const result = await work;
      const { added, known, schedules, alerts, refused, moreRefused = 0 } = result;
      const counts = { added, known, schedules, alerts, refused: refused.length + moreRefused };
      log.info(counts, 'Imported runs.');
      return result;
    } finally {
      this.#working.delete(work);
      rmSync(path, { force: true });
      if (!this.#ending.signal.aborted) {
        soon('following an import', onHistory);
      }
    }
  }

  /** Ends what is at work, begins nothing more, and removes all files. */
  async stop(): Promise<void> {
    this.#ending.abort(
      new TidemarkError(
        'shutting-down',
        'The daemon stopped during the import. What was added by then is kept.',
        {
          hint: 'Import the same file again once the daemon has started: what is missing is added.',
        },
      ),
    );
    await Promise.allSettled(this.#working);
    for (const path of this.#prepared.keys()) {
      rmSync(path, { force: true });
    }
  }
}
