/** Holds a study's models against its bfloat16 one. */

import type { ProfileDocument, ProfileSummary } from '../protocol/profile-document.ts';
import type { ModelDifference, StudyComparison } from '../protocol/study-document.ts';

/** A run with at least one measured iteration. */
export type MeasuredRun = ProfileDocument & { summary: ProfileSummary };

export const isMeasured = (run: ProfileDocument): run is MeasuredRun => run.summary !== undefined;

/** The first measured run of a model whose weights are bfloat16 and nothing else, by its header rather than its name. */
export function baselineOf(runs: readonly ProfileDocument[]): MeasuredRun | undefined {
  return runs.filter(isMeasured).find(({ model: { bytesByDtype } }) => {
    const held = Object.keys(bytesByDtype).filter((dtype) => (bytesByDtype[dtype] ?? 0) > 0);
    return held.length === 1 && held[0] === 'bfloat16';
  });
}

/** Every measured run beside the baseline; nothing where there is no baseline. */
export function compareRuns(runs: readonly ProfileDocument[]): StudyComparison | undefined {
  const baseline = baselineOf(runs);
  if (baseline === undefined) {
    return undefined;
  }
  return {
    baseline: baseline.model.name,
    baselinePeakBytes: baseline.summary.peakBytes.median,
    differences: runs
      .filter(isMeasured)
      .filter((run) => run !== baseline)
      .map((run) => differenceFrom(baseline, run)),
  };
}

function differenceFrom(baseline: MeasuredRun, run: MeasuredRun): ModelDifference {
  const [theirs, ours] = [baseline.summary, run.summary];
  const peakBytes = ours.peakBytes.median - theirs.peakBytes.median;
  return {
    model: run.model.name,
    peakBytes,
    peakShare: peakBytes / theirs.peakBytes.median,
    peakRelation: relationOf(theirs, ours),
    loadActiveBytes: run.load.activeBytes - baseline.load.activeBytes,
    transientBytes: ours.transientBytes.median - theirs.transientBytes.median,
    samples: ours.samples.median - theirs.samples.median,
  };
}

/**
 * Two sets of four of the same distribution lie wholly apart with a probability of 2 in 70, those of three with 2 in 20.
 */
export const fewestForRelation = 4;

function relationOf(theirs: ProfileSummary, ours: ProfileSummary): ModelDifference['peakRelation'] {
  if (Math.min(theirs.iterations, ours.iterations) < fewestForRelation) {
    return 'unclear';
  }
  if (ours.peakBytes.minimum > theirs.peakBytes.maximum) {
    return 'above';
  }
  return ours.peakBytes.maximum < theirs.peakBytes.minimum ? 'below' : 'unclear';
}
