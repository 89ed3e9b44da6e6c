/** What a document comes down to in the record of its run: figures, leak summary and finding, or all of it. Pure. */

import { createHash } from 'node:crypto';
import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { summarizeLeaksOf } from '@tidemark/shared/analysis/leak-summary.ts';
import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { IterationSample, Outcome } from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import { defined } from './rows.ts';
import type { RunFigures } from './run-row.ts';

/** The figures of a study stand in its document, one set a model. */
export function findingOf(document: RunDocument): Pick<RunRecord, 'figures' | 'leak' | 'finding'> {
  const isStudy = document.kind === 'study';
  const finding = isStudy ? document.conclusion : leakSentence(document.leaks ?? []);
  return {
    figures: isStudy ? undefined : figuresOf(document.iterations),
    leak: summarizeLeaksOf(document),
    finding: finding === '' ? undefined : finding,
  };
}

/** Over the measured iterations, as the document's summary has it; undefined without one. */
export function figuresOf(iterations: readonly IterationSample[]): RunFigures | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup);
  const last = measured.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const peak = spreadOf(measured.map(({ peakBytes }) => peakBytes));
  return {
    activeBytes: last.activeBytes,
    peakBytes: Math.round(peak.median),
    maximumPeakBytes: peak.maximum,
    cacheBytes: last.cacheBytes,
    footprintBytes: last.footprintBytes,
    secondsPerIteration: spreadOf(measured.map(({ seconds }) => seconds)).median,
  };
}

/** Of a run of which there is only its document, as `tidemark profile --json` prints it. */
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
