/** The error of work that was stopped by a signal: what an AbortSignal of ours carries as its reason. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

export class Interruption extends TidemarkError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super('interrupted', `Stopped by ${signal}.`);
    this.signal = signal;
  }
}

/** The error for work that an aborted signal stopped, whatever its reason is. */
export function interruptionOf(signal: AbortSignal | undefined): TidemarkError {
  const reason: unknown = signal?.reason;
  return reason instanceof TidemarkError
    ? reason
    : new TidemarkError('interrupted', 'The work was stopped.', { cause: reason });
}
