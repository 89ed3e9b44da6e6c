/** What an alert says, in sentences with figures, and what to do next. */

import type { RaisedLevel } from '@tidemark/shared/analysis/sustained-level.ts';
import type { SlowLeak } from '@tidemark/shared/analysis/slow-leak.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatDuration, formatPercent } from '@tidemark/shared/format/numbers.ts';
import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';

export type LevelKind = 'active' | 'peak' | 'seconds';

export interface AlertText {
  readonly reason: string;
  readonly hint: string;
}

const levelNames: Readonly<Record<LevelKind, string>> = {
  active: 'Active memory',
  peak: 'Peak memory',
  seconds: 'The time of an iteration',
};

export function levelText(
  kind: LevelKind,
  { baseline, observed }: RaisedLevel,
  { sustained, baselineRun, run }: { sustained: number; baselineRun: number | undefined; run: RunRecord },
): AlertText {
  const amount = kind === 'seconds' ? formatDuration : formatBytes;
  const share = formatPercent((observed - baseline.level) / baseline.level);
  const checks = sustained === 1 ? 'in the last check' : `in ${sustained} checks in a row`;
  return {
    reason:
      `${levelNames[kind]} of ${run.models.join(', ')} is ${amount(observed)} ${checks}, ` +
      `${share} above the ${amount(baseline.level)} that earlier checks lead to expect.`,
    hint:
      baselineRun === undefined
        ? `See the figures with: tidemark show ${run.id}`
        : `See what changed with: tidemark compare ${baselineRun} ${run.id}`,
  };
}

export function leakText(run: RunRecord): AlertText {
  return {
    reason: `A check of ${run.models.join(', ')} found a leak. ${run.finding ?? 'Its document has the channels.'}`,
    hint: `See which channels rise with: tidemark show ${run.id}`,
  };
}

export function slowLeakText(
  channel: 'activeBytes' | 'footprintBytes',
  { slope, checks }: SlowLeak,
  { from, to, model }: { from: number; to: number; model: string },
): AlertText {
  const name = channel === 'activeBytes' ? 'active memory' : 'footprint';
  return {
    reason:
      `The idle host's ${name} rises by ${formatBytes(slope)} from check to check: with ${model} loaded ` +
      `it went from ${formatBytes(from)} to ${formatBytes(to)} over ${checks} checks.`,
    hint: `Unloading the model gives the memory back; look for what grows with: tidemark profile ${model} --iterations 60`,
  };
}

export function failureText(runs: readonly RunRecord[]): AlertText {
  const last = runs.at(-1);
  const why = last?.error?.message ?? last?.reason ?? 'No reason was recorded.';
  const checks = runs.length === 1 ? 'The last check' : `The last ${runs.length} checks`;
  return {
    reason: `${checks} of ${last?.models.join(', ') ?? 'the model'} failed. ${why}`,
    hint: last?.error?.hint ?? 'See what is wrong with the installation with: tidemark doctor',
  };
}
