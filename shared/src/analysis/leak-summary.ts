/** What all channels of a run, or all runs of a study, together say about leaks. */

import type { LeakSummary } from '../protocol/daemon/run-record.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import type { RunDocument } from '../protocol/run-document.ts';

/**
 * Undefined where no channel was judged.
 *
 * One channel that leaks is a leak. `no-leak` is said only where active memory was judged, with a bound below which it
 * could hide something, and where no other channel is open: a leak of native memory shows in the footprint alone, so a
 * footprint that rises without a finished confirmation takes the certainty from the whole run.
 *
 * A plateau is no leak: the rule asked for a rise that lasts and did not find one, and its bound holds for what came after
 * the growth. Growth of the allocator's cache is no leak either: it is bounded by MLX's limit and can be given back. Were
 * it said of active memory, which has no cache in it, it would say nothing about active memory, so that is inconclusive.
 */
export function summarizeLeaks(verdicts: readonly ChannelVerdict[]): LeakSummary | undefined {
  if (verdicts.length === 0) {
    return undefined;
  }
  if (verdicts.some(({ status }) => status === 'leak')) {
    return 'leak';
  }
  const active = verdicts.find(({ channel }) => channel === 'activeBytes');
  const activeIsClean =
    active?.smallestDetectable !== undefined && (active.status === 'no-leak' || active.status === 'plateau');
  return activeIsClean && verdicts.every(({ status }) => status !== 'inconclusive')
    ? 'no-leak'
    : 'inconclusive';
}

/**
 * Of a study: a leak where any model leaks; none where every run says so and none is missing. Undefined where nothing was
 * judged.
 */
export function summarizeLeaksOf(document: RunDocument): LeakSummary | undefined {
  if (document.kind === 'profile') {
    return summarizeLeaks(document.leaks ?? []);
  }
  const summaries = document.runs.map(({ leaks = [] }) => summarizeLeaks(leaks));
  if (summaries.every((summary) => summary === undefined)) {
    return undefined;
  }
  if (summaries.includes('leak')) {
    return 'leak';
  }
  const everyModel = document.failures.length === 0 && document.skipped.length === 0;
  return everyModel && summaries.every((summary) => summary === 'no-leak') ? 'no-leak' : 'inconclusive';
}
