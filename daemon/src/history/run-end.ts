/** What a run comes down to when it ends: its figures in short, its leak summary, its finding. Pure. */

import { leakSentence } from '@tidemark/shared/analysis/leak-sentence.ts';
import { summarizeLeaksOf } from '@tidemark/shared/analysis/leak-summary.ts';
import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';
import type { IterationSample } from '@tidemark/shared/protocol/profile-document.ts';
import type { RunDocument } from '@tidemark/shared/protocol/run-document.ts';
import type { RunFigures } from './run-row.ts';

export type RunFinding = Pick<RunRecord, 'figures' | 'leak' | 'finding'>;

/** The figures of a study stand in its document, one set a model. */
export function findingOf(document: RunDocument): RunFinding {
  const finding =
    document.kind === 'study' ? document.conclusion : (leakSentenceOf(document.leaks) ?? undefined);
  return {
    figures: document.kind === 'study' ? undefined : figuresOf(document.iterations),
    leak: summarizeLeaksOf(document),
    finding,
  };
}

function leakSentenceOf(leaks: Parameters<typeof leakSentence>[0] | undefined): string | undefined {
  const sentence = leakSentence(leaks ?? []);
  return sentence === '' ? undefined : sentence;
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
