/**
 * Work that nobody awaits: timers, events, and promises that are let go. What goes wrong there would end the process, so a process
 * that is to go on says who hears of it. Nothing else starts a timer or handles an event: ESLint holds the daemon to that.
 */

export interface FaultListener {
  /** `what` was done: `publishing the status`. */
  readonly failed: (what: string, error: unknown) => void;
  /** The same succeeded after it had failed. */
  readonly recovered: (what: string) => void;
}

let listener: FaultListener | undefined;
const failing = new Set<string>();

/** Faults go to `to` until what this returns is disposed of. Where nobody hears of them, they are uncaught, as Node's own. */
export function listenForFaults(to: FaultListener): Disposable {
  const before = listener;
  listener = to;
  return {
    [Symbol.dispose]: () => {
      listener = before;
      failing.clear();
    },
  };
}

/** As `body`, but throws nothing and returns nothing; a promise that `body` returns is let go. */
export function guarded<Given extends unknown[]>(
  what: string,
  body: (...given: Given) => unknown,
): (...given: Given) => void {
  return (...given) => {
    let result: unknown;
    try {
      result = body(...given);
    } catch (error) {
      fail(what, error);
      return;
    }
    if (result instanceof Promise) {
      letGo(what, result);
    } else {
      succeed(what);
    }
  };
}

/** Lets go of a promise. */
export function letGo(what: string, promise: Promise<unknown>): void {
  void promise.then(
    () => succeed(what),
    (error: unknown) => fail(what, error),
  );
}

export const later = (what: string, milliseconds: number, body: () => unknown): NodeJS.Timeout =>
  setTimeout(guarded(what, body), milliseconds);

export const every = (what: string, milliseconds: number, body: () => unknown): NodeJS.Timeout =>
  setInterval(guarded(what, body), milliseconds);

/** After the events that are at hand. */
export const soon = (what: string, body: () => unknown): NodeJS.Immediate =>
  setImmediate(guarded(what, body));

/** Calls `body` when the signal is aborted, at once if it is, unless what this returns was disposed of before. */
export function whenAborted(signal: AbortSignal | undefined, what: string, body: () => unknown): Disposable {
  const run = guarded(what, body);
  if (signal?.aborted === true) {
    run();
  } else {
    signal?.addEventListener('abort', run, { once: true });
  }
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', run) };
}

function fail(what: string, error: unknown): void {
  if (listener === undefined) {
    throw error;
  }
  failing.add(what);
  listener.failed(what, error);
}

function succeed(what: string): void {
  if (failing.delete(what)) {
    listener?.recovered(what);
  }
}
