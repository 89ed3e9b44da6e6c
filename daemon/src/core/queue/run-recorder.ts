/** Writes runs to the history, so that a disk that is full for a while, or a lock of another process, costs no run. */

import { setTimeout as wait } from 'node:timers/promises';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { ErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import { later } from '../../background.ts';
import { LockedHistory } from '../../history/history-errors.ts';
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

/** The same while another process has the history locked, which rarely lasts, doubled from one try to the next. */
const firstLockedMilliseconds = 50;
const longestLockedMilliseconds = 1000;

/** A lock that is gone within so many tries, which take 1.5 s, is nothing to be told of. */
const quietTries = 5;

export class RunRecorder {
  readonly #options: RunRecorderOptions;
  readonly #stopping = new AbortController();
  /** The last write failed. */
  #fails = false;
  /** What is not written yet, because another process has the history locked; in order. */
  readonly #owed: (() => unknown)[] = [];
  #owing: NodeJS.Timeout | undefined;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /**
   * What `write` returns; undefined where it fails, which a notice reports until a write succeeds. While another process
   * has the history locked it is undefined too, and is written afterwards.
   */
  keep<Result>(write: () => Result): Result | undefined {
    try {
      this.#writeOwed();
      return this.#attempt(write);
    } catch (error) {
      if (error instanceof LockedHistory) {
        this.#owed.push(write);
        this.#owing ??= this.#retryIn(firstLockedMilliseconds);
      }
      return undefined;
    }
  }

  /** Writes a run's end, once. Throws what the history does. */
  finish(run: KnownRun, end: RunEnd, at = new Date()): RunRecord {
    this.#writeOwed();
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
    let isTold = false;
    let pause = firstLockedMilliseconds / 2;
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
        const isLocked = error instanceof LockedHistory;
        if (!isTold && !(isLocked && attempt < quietTries)) {
          isTold = true;
          const message = `Run #${id} has ended, but it cannot be saved: its result is kept in memory, and saved as soon as possible.`;
          notices.set(matter, message, toErrorRecord(error).hint ?? 'See `tidemark logs`.');
          log.error({ error, run: id }, message);
          onDelay(toErrorRecord(error));
        }
        pause = isLocked ? Math.min(2 * pause, longestLockedMilliseconds) : retryMilliseconds;
      }
      await wait(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** What is not written yet is tried once more, and no more after that. */
  stop(): void {
    clearTimeout(this.#owing);
    this.#stopping.abort();
  }

  /** Throws where the history is still locked. */
  #writeOwed(): void {
    for (const write of [...this.#owed]) {
      try {
        this.#attempt(write);
      } catch (error) {
        if (error instanceof LockedHistory) {
          throw error;
        }
        // Told, and made good by the run's end.
      }
      this.#owed.shift();
    }
  }

  #retryIn(milliseconds: number): NodeJS.Timeout {
    return later('recording a run', milliseconds, () => this.#retryOwed());
  }

  #retryOwed(): void {
    this.#owing = undefined;
    try {
      this.#writeOwed();
    } catch {
      this.#owing = this.#retryIn(longestLockedMilliseconds);
    }
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
