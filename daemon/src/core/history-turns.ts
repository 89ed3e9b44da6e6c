/** Requests that find the history locked by another process: they are tried again, and others are answered meanwhile. */

import { setTimeout as wait } from 'node:timers/promises';
import { LockedHistory } from '../history/history-errors.ts';
import { throwIfInterrupted } from '../interruption.ts';

export interface TurnOptions {
  /** Of whoever asks: once it is aborted, nothing more is tried. */
  readonly signal?: AbortSignal | undefined;
  /** How long it is tried. Default: less than any client waits for an answer. */
  readonly milliseconds?: number | undefined;
}

/** What changes nothing before its first access to the history, so that it can be tried again. */
type Work<Result> = () => Result | Promise<Result>;

const defaultMilliseconds = 2500;

/** Doubled from one try to the next. */
const firstWaitMilliseconds = 5;
const longestWaitMilliseconds = 100;

/** In the place of SQLite's own waiting, which would stop the event loop. */
export class HistoryTurns {
  /** Settles when the last of the writes that wait is done. */
  #last: Promise<unknown> | undefined;

  /** What `work` returns, at once where the history is not locked. Throws {@link LockedHistory} where it stays locked. */
  read<Result>(work: Work<Result>, options: TurnOptions = {}): Result | Promise<Result> {
    try {
      const result = work();
      return result instanceof Promise
        ? result.catch((error: unknown) => retried(error, work, options))
        : result;
    } catch (error) {
      return retried(error, work, options);
    }
  }

  /** As {@link read}, in the order of the calls: of two changes of one thing, the later one is to stay. */
  write<Result>(work: Work<Result>, options: TurnOptions = {}): Result | Promise<Result> {
    const result =
      this.#last === undefined ? this.read(work, options) : this.#after(this.#last, work, options);
    if (result instanceof Promise) {
      this.#waitFor(result);
    }
    return result;
  }

  async #after<Result>(
    before: Promise<unknown>,
    work: Work<Result>,
    { signal, milliseconds = defaultMilliseconds }: TurnOptions,
  ): Promise<Result> {
    const end = performance.now() + milliseconds;
    await before;
    throwIfInterrupted(signal);
    return await this.read(work, { signal, milliseconds: end - performance.now() });
  }

  #waitFor(result: Promise<unknown>): void {
    const settled = result
      .catch(() => undefined)
      .then(() => {
        if (this.#last === settled) {
          this.#last = undefined;
        }
      });
    this.#last = settled;
  }
}

async function retried<Result>(
  error: unknown,
  work: Work<Result>,
  { signal, milliseconds = defaultMilliseconds }: TurnOptions,
): Promise<Result> {
  const end = performance.now() + milliseconds;
  let failure = error;
  for (let pause = firstWaitMilliseconds; ; pause = Math.min(2 * pause, longestWaitMilliseconds)) {
    if (!(failure instanceof LockedHistory) || performance.now() >= end) {
      throw failure;
    }
    await wait(pause);
    throwIfInterrupted(signal);
    try {
      return await work();
    } catch (again) {
      failure = again;
    }
  }
}
