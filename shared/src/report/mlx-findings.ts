/** What a run shows of MLX itself, so that its authors would want to know: a leak, or what its order of evaluation costs. */

import { isLeaking } from '../analysis/leak-verdicts.ts';
import { TidemarkError } from '../errors.ts';
import type { ChannelVerdict } from '../protocol/leak-verdicts.ts';
import type { ProfileDocument } from '../protocol/profile-document.ts';
import { runsOf } from '../protocol/run-document.ts';
import type { RunDocument } from '../protocol/run-document.ts';
import { studiesOf } from '../protocol/study-document.ts';
import type { EngineStudy, PeakMakeup } from '../protocol/study-document.ts';

/** What of one run is worth telling MLX's authors. */
export type Finding =
  | { readonly kind: 'leak'; readonly run: ProfileDocument; readonly verdicts: readonly ChannelVerdict[] }
  | {
      readonly kind: 'evaluation-order';
      readonly run: ProfileDocument;
      /** Peaks of the same work in MLX's own order and in a narrower one. */
      readonly ownBytes: number;
      readonly narrowBytes: number;
      /** The peak in MLX's own order with operations queued ahead, where the one above is without them. */
      readonly aheadBytes?: number | undefined;
      readonly narrow: 'depth first' | 'MLX_BFS_MAX_WIDTH=1';
    };

/** Less than this share of a peak, or so many bytes, is not worth anybody's time. */
const leastShare = 0.05;
const leastBytes = 1_000_000;

/** A leak first, then the orders by what they cost. */
export function findings(document: RunDocument): Finding[] {
  const parts: readonly Pick<EngineStudy, 'runs' | 'answer'>[] =
    document.kind === 'study' ? studiesOf(document) : [{ runs: [...runsOf(document)] }];
  return parts
    .flatMap(({ runs, answer }) => runs.flatMap((run) => [leakOf(run), orderOf(run, answer?.peaks ?? [])]))
    .filter((finding) => finding !== undefined)
    .toSorted((a, b) => weight(b) - weight(a));
}

const weight = (finding: Finding): number =>
  finding.kind === 'leak' ? Infinity : finding.ownBytes - finding.narrowBytes;

/** Memory that grows while no handle does: what this process itself holds on to is no fault of MLX. */
function leakOf(run: ProfileDocument): Finding | undefined {
  const leaking = (run.leaks ?? []).filter(isLeaking);
  const isOwn = leaking.some(({ channel }) =>
    ['liveTensors', 'undisposedTensors', 'heapBytes', 'openFileDescriptors'].includes(channel),
  );
  const verdicts = leaking.filter(({ channel }) => ['activeBytes', 'footprintBytes'].includes(channel));
  return isOwn || verdicts.length === 0 ? undefined : { kind: 'leak', run, verdicts };
}

function orderOf(run: ProfileDocument, peaks: readonly PeakMakeup[]): Finding | undefined {
  if (run.settings.strategy === 'lean') {
    // Its order is Tidemark's.
    return undefined;
  }
  const traces = run.attribution?.traces ?? [];
  const ahead = traces.find(({ order, queued }) => order === 'mlx' && queued !== false);
  // Without a queue it is the order alone that differs.
  const own = traces.find(({ order, queued }) => order === 'mlx' && queued === false) ?? ahead;
  const other = traces.find(({ order }) => order === 'depth-first');
  const makeup = peaks.find(({ model }) => model === run.model.name);
  const found: Finding[] = [];
  if (own !== undefined && other?.sameAudio === true) {
    const [ownBytes, narrowBytes] = [own.peakBytes, other.peakBytes];
    const aheadBytes = own === ahead ? undefined : ahead?.peakBytes;
    found.push({ kind: 'evaluation-order', run, ownBytes, narrowBytes, aheadBytes, narrow: 'depth first' });
  }
  if (makeup?.orderBytes !== undefined) {
    const ownBytes = makeup.peakBytes - (makeup.queueBytes ?? 0);
    const narrowBytes = ownBytes - makeup.orderBytes;
    found.push({ kind: 'evaluation-order', run, ownBytes, narrowBytes, narrow: 'MLX_BFS_MAX_WIDTH=1' });
  }
  return found.find(
    (each) =>
      weight(each) >= leastBytes && each.kind !== 'leak' && weight(each) >= leastShare * each.ownBytes,
  );
}

/** Why there is no finding, and what to do. */
export function nothingFound(document: RunDocument): TidemarkError {
  if (document.kind === 'watch') {
    return new TidemarkError(
      'bad-document',
      'Nothing in this run is worth a report to MLX: what a watched program holds may be its own doing.',
      { hint: 'Take lines away from the program until it leaks with mlx alone, and report that.' },
    );
  }
  const runs = runsOf(document);
  const isOwn = runs.some(({ leaks = [] }) => leaks.some(isLeaking));
  const isMeasured = document.kind === 'study' || runs.some(({ attribution }) => attribution?.traces);
  const why = isOwn
    ? 'what leaks is held by Tidemark’s own process, not by MLX'
    : isMeasured
      ? 'memory does not leak, and the order of evaluation makes less than 5% of the peak'
      : 'memory does not leak, and the order of evaluation was not measured';
  return new TidemarkError('bad-document', `Nothing in this run is worth a report to MLX: ${why}.`, {
    hint: isMeasured
      ? 'Use `tidemark report RUN --out FILE` for the whole run.'
      : 'Measure the order with `tidemark study`, or with `tidemark profile MODEL --attribute operations`.',
  });
}
