/** What a command's exit code says: 0 done, 1 failed, 2 wrong usage, 3 got worse, 4 no daemon runs, 128 + n stopped by a signal. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { ChangeStatus } from '@tidemark/shared/protocol/comparison-document.ts';
import { Interruption } from '../interruption.ts';
import { exitCodeOf } from './signals.ts';

export function exitCodeOfError(error: unknown): number {
  if (error instanceof Interruption) {
    return exitCodeOf(error.signal);
  }
  if (!(error instanceof TidemarkError)) {
    return 1;
  }
  if (error.code === 'usage') {
    return 2;
  }
  return error.code === 'no-daemon' ? exitCodeWithoutDaemon : 1;
}

/** A code of its own, so that a script can tell that the daemon has to be started from a request that failed. */
export const exitCodeWithoutDaemon = 4;

/** A run that `signal` stopped has its exit code; one that ended before it was complete in another way failed. */
export function exitCodeOfRun(isComplete: boolean, signal: AbortSignal): number {
  if (signal.aborted) {
    return exitCodeOfError(signal.reason);
  }
  return isComplete ? 0 : 1;
}

/** A code of its own, so that a script can tell a regression from a comparison that failed. */
export const exitCodeOfComparison = (status: ChangeStatus): number => (status === 'worse' ? 3 : 0);
