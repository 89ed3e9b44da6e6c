/** Work whose result is the same for all who ask for it at the same time: it is done once. */

import { throwIfInterrupted } from '../interruption.ts';
import { whenAborted } from '../background.ts';

interface Ongoing<Result> {
  readonly result: Promise<Result>;
  readonly controller: AbortController;
  askers: number;
}

export class SharedWork<Result> {
  readonly #work: (signal: AbortSignal) => Promise<Result>;
  #ongoing: Ongoing<Result> | undefined;

  /** The signal of `work` is aborted when nobody waits for its result any more. */
  constructor(work: (signal: AbortSignal) => Promise<Result>) {
    this.#work = work;
  }

  /** The result of what is going on, or of what begins now. `signal` is that of who asks. */
  async ask(signal: AbortSignal): Promise<Result> {
    throwIfInterrupted(signal);
    const ongoing = (this.#ongoing ??= this.#begin());
    ongoing.askers += 1;
    const watched = whenAborted(signal, 'leaving shared work', () => {
      ongoing.askers -= 1;
      if (ongoing.askers === 0) {
        this.#forget(ongoing);
        ongoing.controller.abort(signal.reason);
      }
    });
    try {
      return await ongoing.result;
    } finally {
      watched[Symbol.dispose]();
    }
  }

  #begin(): Ongoing<Result> {
    const controller = new AbortController();
    const result = this.#work(controller.signal).finally(() => this.#forget(ongoing));
    const ongoing: Ongoing<Result> = { result, controller, askers: 0 };
    return ongoing;
  }

  #forget(ongoing: Ongoing<Result>): void {
    if (this.#ongoing === ongoing) {
      this.#ongoing = undefined;
    }
  }
}
