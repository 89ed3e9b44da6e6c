/** The record of a run of which there is only its document, as `tidemark profile --json` prints it. Pure. */

import { createHash } from 'node:crypto';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { Outcome } from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { findingOf } from './run-end.ts';
import { defined } from './rows.ts';

export function recordOfDocument(document: RunDocument, samplesTaken: number): Omit<RunRecord, 'id'> {
  const { startedAt, seconds, settings, kind } = document;
  return defined({
    uid: uidOf(document),
    kind,
    trigger: { kind: 'import' as const },
    models: kind === 'profile' ? [document.model.name] : document.models,
    voice: settings.voice,
    text: settings.text,
    iterations: settings.iterations,
    warmupIterations: settings.warmupIterations,
    samplesTaken,
    queuedAt: startedAt,
    startedAt,
    endedAt: new Date(Date.parse(startedAt) + seconds * 1000).toISOString(),
    seconds,
    ...findingOf(document),
    ...(kind === 'profile' ? endOf(document.outcome) : { state: document.outcome }),
  });
}

function endOf(outcome: Outcome): Pick<RunRecord, 'state' | 'reason' | 'signal' | 'error'> {
  switch (outcome.status) {
    case 'complete':
      return { state: 'complete' };
    case 'interrupted':
      return { state: 'interrupted', reason: outcome.reason, signal: outcome.signal };
    case 'failed':
      return { state: 'failed', reason: outcome.reason, error: outcome.error };
  }
}

/** The same for the same document, so that it is brought in once: a UUID of version 8, made of a hash. */
function uidOf(document: RunDocument): string {
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
