/** How a run ended: what its document, its error and whoever stopped it make of it. */

import { TidemarkError } from '@tidemark/shared/errors.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { studiesOf } from '@tidemark/shared/protocol/study-document.ts';
import type { StudyDocument } from '@tidemark/shared/protocol/study-document.ts';
import type { RunEnd } from '../../history/runs.ts';
import { HostDeath } from '../../host/host-death.ts';
import { Interruption } from '../../interruption.ts';

/** The reason of a run that a client canceled: the one way of being stopped that is no failure. */
export class Cancellation extends TidemarkError {
  constructor(reason: string) {
    super('interrupted', reason);
  }
}

/** What a document makes of its run; `signal` is the run's own. */
export function endOfDocument(document: RunDocument, signal: AbortSignal): RunEnd {
  return {
    ...(document.kind === 'study' ? endOfStudy(document, signal) : endOfProfile(document, signal)),
    document,
  };
}

function endOfStudy(document: StudyDocument, signal: AbortSignal): RunEnd {
  const [failure] = studiesOf(document).flatMap(({ failures }) => failures);
  switch (document.outcome) {
    case 'complete':
      return { state: 'complete' };
    case 'interrupted':
      return stopped(signal);
    case 'failed':
      return {
        state: 'failed',
        reason: failure?.error.message ?? 'Not every model was measured completely.',
        error: failure?.error,
      };
  }
}

function endOfProfile({ outcome }: Exclude<RunDocument, StudyDocument>, signal: AbortSignal): RunEnd {
  switch (outcome.status) {
    case 'complete':
      return { state: 'complete' };
    case 'interrupted':
      return signal.aborted
        ? stopped(signal)
        : { state: 'interrupted', reason: outcome.reason, signal: outcome.signal };
    case 'failed':
      return { state: 'failed', reason: outcome.reason, error: outcome.error };
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
      reason: `The daemon was stopped by ${reason.signal}.`,
      signal: reason.signal,
    };
  }
  return { state: 'cancelled', reason: toErrorRecord(reason).message };
}
