/** What each peak of a study is made of: weights, operations, the order of their evaluation, and queued work. */

import { formatBytes } from '../../format/bytes.ts';
import { formatPercent } from '../../format/numbers.ts';
import type { Arm, PeakMakeup, StudyEvidence } from '../../protocol/study-document.ts';
import { median, quantile, sorted } from '../statistics.ts';
import { findArm, medianOf, noticeableShare } from './verdict.ts';

/** Of each model with iterations, the baseline first. */
export function peakMakeups(evidence: StudyEvidence): PeakMakeup[] {
  return evidence.models
    .toSorted((a, b) => Number(b.model === evidence.baseline) - Number(a.model === evidence.baseline))
    .flatMap(({ model }) => makeupOf(evidence, model) ?? []);
}

function makeupOf(evidence: StudyEvidence, model: string): PeakMakeup | undefined {
  const given = readable(findArm(evidence, model, 'as-given'));
  if (given === undefined) {
    return undefined;
  }
  const drained = readable(findArm(evidence, model, 'as-given', 'drained'));
  const narrow = readable(
    findArm(evidence, model, 'narrow-evaluation', drained === undefined ? 'default' : 'drained'),
  );
  const peak = medianOf(given.peakBytes);
  const settled = drained === undefined ? peak : medianOf(drained.peakBytes);
  const needed = narrow === undefined ? settled : medianOf(narrow.peakBytes);
  const weightsBytes = medianOf(given.activeBytes);
  return {
    model,
    peakBytes: peak,
    minimumBytes: Math.min(...given.peakBytes),
    maximumBytes: Math.max(...given.peakBytes),
    weightsBytes,
    operationsBytes: needed - weightsBytes,
    ...(narrow === undefined ? {} : { orderBytes: settled - needed, narrow: wayOf(narrow) }),
    ...(drained === undefined ? {} : { queueBytes: peak - settled, drained: wayOf(drained) }),
    given: wayOf(given),
  };
}

const readable = (arm: Arm | undefined): Arm | undefined =>
  arm !== undefined && arm.peakBytes.length > 0 && arm.peakBytes.every(Number.isFinite) ? arm : undefined;

/** Times whose quartiles are further apart than this come from a machine that did other things, and say nothing of a variable. */
const steadyRatio = 1.25;

function wayOf({ peakBytes, seconds = [] }: Arm): PeakMakeup['given'] {
  const iterations = peakBytes.length;
  if (seconds.length === 0) {
    return { iterations };
  }
  const times = sorted(seconds);
  const isSteady = quantile(times, 0.75) <= steadyRatio * quantile(times, 0.25);
  return { iterations, ...(isSteady ? { seconds: median(times) } : {}) };
}

/** The parts of a peak under the names that reports give them, in their order; what was not measured is not among them. */
export function makeupParts(peak: PeakMakeup): { readonly name: string; readonly bytes: number }[] {
  const { weightsBytes, operationsBytes, orderBytes, queueBytes } = peak;
  return [
    { name: 'weights and voice', bytes: weightsBytes },
    { name: 'operations', bytes: operationsBytes },
    ...(orderBytes === undefined ? [] : [{ name: 'order of evaluation', bytes: orderBytes }]),
    ...(queueBytes === undefined ? [] : [{ name: 'queued work', bytes: queueBytes }]),
  ];
}

/** A variable of MLX's that lowers these peaks, in any program that uses MLX. */
export interface PeakRemedy {
  readonly variable: string;
  readonly sentence: string;
}

interface Saving {
  readonly model: string;
  readonly bytes: number;
  readonly share: number;
  /** The time of an iteration with the variable, as a multiple of that without it. */
  readonly slowdown: number | undefined;
}

/** The remedies that took something off every peak of which they were measured. */
export function peakRemedies(peaks: readonly PeakMakeup[]): PeakRemedy[] {
  const isDrained = peaks.some(({ drained }) => drained !== undefined);
  const order = peaks.flatMap(({ peakBytes, queueBytes = 0, ...peak }) =>
    savingOf(
      { model: peak.model, peakBytes: peakBytes - queueBytes },
      peak.orderBytes,
      peak.drained ?? peak.given,
      peak.narrow,
    ),
  );
  const queue = peaks.flatMap((peak) => savingOf(peak, peak.queueBytes, peak.given, peak.drained));
  return [
    ...remedyOf(
      'MLX_BFS_MAX_WIDTH=1',
      'evaluates graphs one operation wide',
      order,
      isDrained ? 'with the queue drained on both sides, ' : '',
    ),
    ...remedyOf('MLX_MAX_OPS_PER_BUFFER=1', 'queues one operation at a time', queue),
  ];
}

function savingOf(
  { model, peakBytes }: Pick<PeakMakeup, 'model' | 'peakBytes'>,
  bytes: number | undefined,
  before: PeakMakeup['given'],
  after: PeakMakeup['drained'],
): Saving[] {
  if (bytes === undefined) {
    return [];
  }
  const slowdown =
    before.seconds === undefined || after?.seconds === undefined || before.seconds === 0
      ? undefined
      : after.seconds / before.seconds;
  return [{ model, bytes, share: bytes / peakBytes, slowdown }];
}

function remedyOf(variable: string, what: string, savings: readonly Saving[], condition = ''): PeakRemedy[] {
  const [first] = savings;
  if (first === undefined || !savings.every(({ share }) => share >= noticeableShare)) {
    return [];
  }
  const range = (of: (saving: Saving) => number, format: (value: number) => string): string => {
    const values = savings.map(of);
    const [low, high] = [format(Math.min(...values)), format(Math.max(...values))];
    return low === high ? low : `${low} to ${high}`;
  };
  const slowdowns = savings.flatMap(({ slowdown }) => slowdown ?? []);
  const price =
    slowdowns.length < savings.length
      ? ''
      : ` and changed the time of an iteration by ${range(
          ({ slowdown = 1 }) => slowdown - 1,
          (share) => formatPercent(share, { sign: true }),
        )}`;
  return [
    {
      variable,
      sentence:
        `${variable} in the environment ${what}: ${condition}it took ${range(({ bytes }) => bytes, formatBytes)} ` +
        `(${range(({ share }) => share, formatPercent)}) off ${savings.length === 1 ? `the peak of ${first.model}` : 'these peaks'}${price}. ` +
        'MLX reads the variable in any program.',
    },
  ];
}
