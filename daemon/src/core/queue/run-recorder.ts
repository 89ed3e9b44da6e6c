/** Writes runs to the history, so that a disk that is full for a while costs no run. */

import { setTimeout as wait } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { History } from '../../history/history.ts';
import type { KnownRun, RunEnd } from '../../history/runs.ts';
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
  readonly #stopping = new AbortController();
  /** The last write failed. */
  #fails = false;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** What `write` returns; undefined where it fails, which a notice reports until a write succeeds. */
  keep<Result>(write: () => Result): Result | undefined {
    try {
      return this.#attempt(write);
    } catch {
      return undefined;
    }
  }

  /** Writes a run's end, once. Throws what the history does. */
  finish(run: KnownRun, end: RunEnd, at = new Date()): RunRecord {
    return this.#attempt(() => this.#options.history.runs.settle(run, end, at));
  }

  /**
   * As {@link finish}, and tries again until it is written: a run's end holds all that was measured. Resolves with the
   * record when that is on the disk, and with undefined where the daemon stops before. `onDelay` is told once, why it
   * is not yet.
   */
  async end(run: KnownRun, end: RunEnd, onDelay: (why: ErrorRecord) => void): Promise<RunRecord | undefined> {
    const { notices, log } = this.#options;
    const { id } = run.record;
    const matter = `unsaved-${id}`;
    const at = new Date();
    let outcome = end;
    for (let attempt = 0; ; attempt += 1) {
      const { aborted: isLast } = this.#stopping.signal;
      try {
        const record = this.finish(run, outcome, at);
        notices.clear(matter);
        return record;
      } catch (error) {
        if (!(error instanceof TidemarkError) && outcome === end) {
          // Nothing that is wrong with the disk: the same would fail each time, but that it failed can be written.
          outcome = unwritable(error);
        }
        if (isLast) {
          return undefined;
        }
        if (attempt === 0) {
          const message = `Run #${id} has ended, but it cannot be saved: its result is kept in memory, and saved as soon as possible.`;
          notices.set(matter, message, toErrorRecord(error).hint ?? 'See `tidemark logs`.');
          log.error({ error, run: id }, message);
          onDelay(toErrorRecord(error));
        }
      }
      await wait(retryMilliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** What is not written yet is tried once more, and no more after that. */
  stop(): void {
    this.#stopping.abort();
  }

  #attempt<Result>(write: () => Result): Result {
    const { notices, log } = this.#options;
    try {
      const result = write();
      if (this.#fails) {
        this.#fails = false;
        notices.clear('history');
      }
      return result;
    } catch (error) {
      const { message, hint } = toErrorRecord(error);
      notices.set('history', `The history cannot be written: ${message}`, hint);
      if (!this.#fails) {
        log.error({ error }, 'The history cannot be written.');
      }
      this.#fails = true;
      throw error;
    }
  }
}

function unwritable(cause: unknown): RunEnd {
  const error = toErrorRecord(cause);
  return { state: 'failed', reason: `Its result could not be saved: ${error.message}`, error };
}
