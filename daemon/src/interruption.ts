/** The error of work that was stopped by a signal: what an AbortSignal of ours carries as its reason. */

import { TidemarkError } from '@tidemark/shared/errors.ts';

export class Interruption extends TidemarkError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super('interrupted', `Stopped by ${signal}.`);
    this.signal = signal;
  }
}

/** The error for work that an aborted signal stopped, whatever its reason is; `message` is for a reason that has none. */
export function interruptionOf(
  signal: AbortSignal | undefined,
  message = 'The work was stopped.',
): TidemarkError {
  const reason: unknown = signal?.reason;
  return reason instanceof TidemarkError
    ? reason
    : new TidemarkError('interrupted', message, { cause: reason });
}

/** As an AbortSignal's own, but throws {@link interruptionOf}. */
export function throwIfInterrupted(signal: AbortSignal | undefined, message?: string): void {
  if (signal?.aborted === true) {
    throw interruptionOf(signal, message);
  }
}
