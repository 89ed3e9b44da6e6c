/** Writes runs to the history, so that a disk that is full for a while costs no run. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { History } from '../../history/history.ts';
import type { RunEnd } from '../../history/runs.ts';
import type { Log } from '../../logging/log.ts';
import type { Notices } from '../notices.ts';

export interface RunRecorderOptions {
  readonly history: History;
  readonly notices: Notices;
  readonly log: Log;
}

/** How often a write that failed is tried again. */
const retryMilliseconds = 5000;

export class RunRecorder {
  readonly #options: RunRecorderOptions;
  /** Ends that could not be written yet. */
  readonly #unwritten = new Map<number, RunEnd>();
  #retry: NodeJS.Timeout | undefined;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** What `write` returns; undefined where it fails, which a notice reports until a write succeeds. */
  keep<Result>(write: () => Result): Result | undefined {
    const { notices, log } = this.#options;
    try {
      const result = write();
      if (this.#unwritten.size === 0) {
        notices.clear('history');
      }
      return result;
    } catch (error) {
      const { message, hint } = toErrorRecord(error);
      notices.set('history', `The history cannot be written: ${message}`, hint);
      log.error({ error }, 'The history cannot be written.');
      return undefined;
    }
  }

  /** As {@link keep}, and tries again until it is written: a run's end holds all that was measured. */
  end(id: number, end: RunEnd): RunRecord | undefined {
    let failure: unknown;
    const record = this.keep(() => {
      try {
        return this.#options.history.runs.finish(id, end);
      } catch (error) {
        failure = error;
        throw error;
      }
    });
    // It went with a file that was removed, or is damaged beyond reading: trying again brings nothing back.
    const isLost = failure instanceof TidemarkError && failure.code === 'not-found';
    if (record === undefined && !isLost) {
      this.#unwritten.set(id, end);
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#writeUnwritten();
      }, retryMilliseconds);
    }
    return record;
  }

  /** Tries what is left once more, and no more after that. */
  stop(): void {
    this.#writeUnwritten();
    clearTimeout(this.#retry);
  }

  #writeUnwritten(): void {
    for (const [id, end] of [...this.#unwritten]) {
      this.#unwritten.delete(id);
      this.end(id, end);
    }
  }
}
