/** What the measured iterations of one run have in common, and how the models of a study differ from its bfloat16 one. */

import type {
  IterationSample,
  LoadRecord,
  ProfileDocument,
  ProfileSummary,
} from '../protocol/profile-document.ts';
import type { ModelDifference, StudyComparison } from '../protocol/study-document.ts';
import { spreadOf } from './statistics.ts';

/** Leaves the warm-up out; without a measured iteration there is nothing to say. */
export function summarizeRun(
  load: LoadRecord,
  iterations: readonly IterationSample[],
): ProfileSummary | undefined {
  const measured = iterations.filter(({ warmup }) => !warmup);
  const [first] = measured;
  const last = measured.at(-1);
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const wholeSpread = (of: (sample: IterationSample) => number) => {
    const { minimum, maximum, median } = spreadOver(measured, of);
    return { minimum, maximum, median: Math.round(median) };
  };
  const seconds = spreadOver(measured, (sample) => sample.seconds);
  const audioSeconds = spreadOver(measured, (sample) => sample.audioSeconds);
  // What was there before the first measured iteration: of the warm-up, or of the loading.
  const { undisposedTensors: undisposedBefore } = iterations[first.index - 1] ?? { undisposedTensors: 0 };
  return {
    iterations: measured.length,
    active: activeCourse(measured.map(({ activeBytes }) => activeBytes)),
    peakBytes: wholeSpread((sample) => sample.peakBytes),
    transientBytes: wholeSpread((sample) => sample.peakBytes - sample.activeBeforeBytes),
    cacheBytes: wholeSpread((sample) => sample.cacheBytes),
    footprintBytes: wholeSpread((sample) => sample.footprintBytes),
    seconds,
    audioSeconds,
    samples: wholeSpread((sample) => sample.samples),
    ...(audioSeconds.median > 0 ? { realTimeFactor: seconds.median / audioSeconds.median } : {}),
    extraTensors: Math.max(...measured.map((sample) => sample.liveTensors - load.liveTensors)),
    undisposedTensors: last.undisposedTensors - undisposedBefore,
  };
}

export function activeCourse(series: readonly number[]): ProfileSummary['active'] {
  const firstBytes = series[0] ?? 0;
  const lastBytes = series.at(-1) ?? 0;
  const minimumBytes = Math.min(...series);
  const maximumBytes = Math.max(...series);
  const growthBytes = lastBytes - firstBytes;
  return { firstBytes, lastBytes, minimumBytes, maximumBytes, growthBytes, course: courseOf() };

  function courseOf(): ProfileSummary['active']['course'] {
    if (growthBytes !== 0) {
      return growthBytes > 0 ? 'grew' : 'shrank';
    }
    return minimumBytes === maximumBytes ? 'constant' : 'varied';
  }
}

function spreadOver(
  samples: readonly IterationSample[],
  of: (sample: IterationSample) => number,
): { median: number; minimum: number; maximum: number } {
  const { median, minimum, maximum } = spreadOf(samples.map(of));
  return { median, minimum, maximum };
}

/** A run with at least one measured iteration. */
type MeasuredRun = ProfileDocument & { summary: ProfileSummary };

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
