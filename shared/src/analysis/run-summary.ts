/** What the measured iterations of one run have in common: middles, ends, and whether active memory moved. */

import type { IterationSample, LoadRecord, ProfileSummary } from '../protocol/profile-document.ts';
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

function activeCourse(series: readonly number[]): ProfileSummary['active'] {
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
