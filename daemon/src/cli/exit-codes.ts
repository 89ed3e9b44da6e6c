/**
 * What a command's exit code says: 0 done, 1 failed, 2 wrong usage, 3 got worse, 4 no daemon runs, 128 + n stopped by a signal;
 * and what Ctrl-C and its like do: the first one stops the work in good order, the second one ends it at once.
 */

import { constants } from 'node:os';
import { TidemarkError } from '@tidemark/shared/errors.ts';
import { Interruption } from '../interruption.ts';

/** A code of its own, so that a script can tell that the daemon has to be started from a request that failed. */
export const exitCodeWithoutDaemon = 4;

/** What a shell makes of a process that a signal ended. */
export const exitCodeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** A program that was run for the person and could not be watched: its own exit code is passed on where that says that it failed. */
export class ProgramFailure extends TidemarkError {
  readonly exitCode: number;

  constructor({ code, message, hint }: TidemarkError, exitCode: number) {
    super(code, message, { hint });
    this.exitCode = exitCode === 0 ? 1 : exitCode;
  }
}

export function exitCodeOfError(error: unknown): number {
  if (error instanceof ProgramFailure) {
    return error.exitCode;
  }
  if (error instanceof Interruption) {
    return exitCodeOfSignal(error.signal);
  }
  if (!(error instanceof TidemarkError)) {
    return 1;
  }
  if (error.code === 'usage') {
    return 2;
  }
  return error.code === 'no-daemon' ? exitCodeWithoutDaemon : 1;
}

/** A run that `signal` stopped has its exit code; one that ended before it was complete in another way failed. */
export function exitCodeOfRun(isComplete: boolean, signal: AbortSignal): number {
  if (signal.aborted) {
    return exitCodeOfError(signal.reason);
  }
  return isComplete ? 0 : 1;
}

export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** timeout(1), npm, and others signal a process and then its whole group: the same signal that soon is the same request. */
const sameRequestMilliseconds = 1000;

/**
 * A signal that is aborted, with an {@link Interruption} as its reason, when the process is told to stop. `onStop` is called
 * first. Told twice, the process exits at once; what must not be left behind is tidied up on `exit`.
 */
export function abortOnSignals(onStop: (interruption: Interruption) => void): AbortSignal {
  const controller = new AbortController();
  let first: { readonly name: NodeJS.Signals; readonly at: number } | undefined;
  for (const name of stopSignals) {
    process.on(name, () => {
      if (first !== undefined) {
        if (name === first.name && performance.now() - first.at < sameRequestMilliseconds) {
          return;
        }
        process.exit(exitCodeOfSignal(name));
      }
      first = { name, at: performance.now() };
      const interruption = new Interruption(name);
      onStop(interruption);
      controller.abort(interruption);
    });
  }
  return controller.signal;
}
