/** How a run ended: what its document, its error and whoever stopped it make of it. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunEnd } from '../../history/runs.ts';
import { HostDeath } from '../../host/host-death.ts';
import { Interruption } from '../../interruption.ts';

/** That a client asked for the end: the one way of being stopped that is nobody's trouble. */
export class Cancellation extends TidemarkError {
  constructor(reason: string) {
    super('interrupted', reason);
  }
}

/** What a document makes of its run; `signal` is the run's own. */
export function endOfDocument(document: RunDocument, signal: AbortSignal): RunEnd {
  const { outcome } = document;
  if (document.kind === 'study') {
    const [failure] = document.failures;
    return outcome === 'complete'
      ? { state: 'complete', document }
      : outcome === 'interrupted'
        ? { ...stopped(signal), document }
        : {
            state: 'failed',
            document,
            reason: failure?.error.message ?? 'Not every model was measured to its end.',
            ...(failure === undefined ? {} : { error: failure.error }),
          };
  }
  if (typeof outcome === 'string') {
    throw new Error('run-queue: a profile with the outcome of a study');
  }
  switch (outcome.status) {
    case 'complete':
      return { state: 'complete', document };
    case 'interrupted':
      return signal.aborted
        ? { ...stopped(signal), document }
        : {
            state: 'interrupted',
            document,
            reason: outcome.reason,
            ...(outcome.signal === undefined ? {} : { signal: outcome.signal }),
          };
    case 'failed':
      return { state: 'failed', document, reason: outcome.reason, error: outcome.error };
  }
}

/** What an error makes of a run that has no document. */
export function endOfError(error: unknown, signal: AbortSignal): RunEnd {
  if (signal.aborted) {
    return stopped(signal);
  }
  const record = toErrorRecord(error);
  return error instanceof HostDeath && error.signal !== undefined
    ? { state: 'interrupted', reason: record.message, signal: error.signal, error: record }
    : { state: 'failed', reason: record.message, error: record };
}

/** By a client or with the daemon. */
function stopped({ reason }: AbortSignal): RunEnd {
  if (reason instanceof Interruption) {
    return {
      state: 'interrupted',
      reason: `The daemon was ended by ${reason.signal}.`,
      signal: reason.signal,
    };
  }
  return { state: 'cancelled', reason: toErrorRecord(reason).message };
}

/** What of an end belongs to the record itself. */
export const recordable = ({
  state,
  reason,
  signal,
  error,
}: RunEnd): Partial<RunRecord> & Pick<RunRecord, 'state'> => ({
  state,
  ...(reason === undefined ? {} : { reason }),
  ...(signal === undefined ? {} : { signal }),
  ...(error === undefined ? {} : { error }),
});
