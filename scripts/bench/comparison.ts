/** What both sides of the benchmark report, the order of their runs, and what follows from their figures. */

import { spreadOf } from '@tidemark/shared/analysis/statistics.ts';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount, formatDuration, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { figures, formatTable } from '@tidemark/shared/format/terminal.ts';
import { bytes, count, seconds } from '@tidemark/shared/protocol/quantities.ts';
import * as v from 'valibot';
import { machineLine } from './script.ts';
import type { Machine } from './script.ts';

export const loadMeasurement = v.object({ activeBytes: bytes, peakBytes: bytes, seconds });

export const iterationMeasurement = v.object({
  seconds,
  activeBytes: bytes,
  peakBytes: bytes,
  samples: count,
});

type LoadMeasurement = v.InferOutput<typeof loadMeasurement>;
export type IterationMeasurement = v.InferOutput<typeof iterationMeasurement>;

/** One side after all of its iterations; the warm-up is left out. */
export interface Side {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: LoadMeasurement;
  readonly iterations: readonly IterationMeasurement[];
}

/** The work, the same for both sides. */
export interface Work {
  readonly model: string;
  readonly phonemes: string;
  readonly voice: string;
  readonly seed: number;
}

export interface Step {
  readonly side: 'ours' | 'peer';
  readonly iterations: number;
}

/**
 * The peer's iterations one by one, with a run of ours before, between and after them, so that a machine that slows down
 * or speeds up meanwhile is seen in the spread of ours.
 */
export function schedule(ourIterations: number, peerIterations: number): Step[] {
  const ours: Step = { side: 'ours', iterations: ourIterations };
  const peer: Step = { side: 'peer', iterations: 1 };
  return [ours, ...Array.from({ length: peerIterations }, () => [peer, ours]).flat()];
}

export interface Spread {
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** Several runs of one side as one; the load's figures are the first run's. Throws a RangeError when there are none. */
export function merge(runs: readonly Side[]): Side {
  const [first] = runs;
  if (first === undefined) {
    throw new RangeError('no runs to merge');
  }
  return { ...first, iterations: runs.flatMap((run) => run.iterations) };
}

interface SideSummary {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly iterations: number;
  readonly loadActiveBytes: number;
  /** After the iterations; a spread above zero is growth. */
  readonly activeBytes: Spread;
  readonly peakBytes: Spread;
  readonly seconds: Spread;
  readonly samples: Spread;
}

export function summarize(side: Side): SideSummary {
  const over = (figure: 'activeBytes' | 'peakBytes' | 'seconds' | 'samples'): Spread => {
    const { minimum, median, maximum } = spreadOf(side.iterations.map((iteration) => iteration[figure]));
    return { minimum, median, maximum };
  };
  return {
    name: side.name,
    versions: side.versions,
    iterations: side.iterations.length,
    loadActiveBytes: side.load.activeBytes,
    activeBytes: over('activeBytes'),
    peakBytes: over('peakBytes'),
    seconds: over('seconds'),
    samples: over('samples'),
  };
}

/** Of onnxruntime, whose memory is not MLX's to count. */
export interface OnnxSide {
  readonly versions: Readonly<Record<string, string>>;
  readonly iterations: readonly { readonly seconds: number; readonly samples: number }[];
}

interface OnnxSummary {
  readonly versions: Readonly<Record<string, string>>;
  readonly iterations: number;
  readonly seconds: Spread;
  readonly samples: Spread;
  /** Tidemark's seconds over its own, of the medians. */
  readonly ratio: number;
}

export function summarizeOnnx(runs: readonly OnnxSide[], ours: SideSummary): OnnxSummary {
  const iterations = runs.flatMap((run) => run.iterations);
  const over = (figure: 'seconds' | 'samples'): Spread => {
    const { minimum, median, maximum } = spreadOf(iterations.map((iteration) => iteration[figure]));
    return { minimum, median, maximum };
  };
  const secondsSpread = over('seconds');
  return {
    versions: runs[0]?.versions ?? {},
    iterations: iterations.length,
    seconds: secondsSpread,
    samples: over('samples'),
    ratio: ours.seconds.median / secondsSpread.median,
  };
}

export interface Comparison {
  /** How many times as long the peer takes: above one, Tidemark is faster. Of the medians. */
  readonly timesFaster: number;
  /** Tidemark's peak less the peer's, of the medians. */
  readonly peakDifferenceBytes: number;
  /** Whether both said the same number of samples, without which neither time nor peak can be compared. */
  readonly equalWork: boolean;
}

export function compare(ours: SideSummary, peer: SideSummary): Comparison {
  return {
    timesFaster: peer.seconds.median / ours.seconds.median,
    peakDifferenceBytes: Math.round(ours.peakBytes.median - peer.peakBytes.median),
    equalWork: ours.samples.minimum === peer.samples.minimum && ours.samples.maximum === peer.samples.maximum,
  };
}

export interface BenchmarkMachine extends Machine {
  /** Variables that set the number of threads or the processor's kernels, the same for both sides. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface BenchmarkDocument {
  readonly kind: 'benchmark';
  readonly startedAt: string;
  readonly machine: BenchmarkMachine;
  readonly work: Work;
  readonly tidemark: SideSummary;
  /** Left out when the peer was not asked for. */
  readonly peer?: SideSummary;
  readonly comparison?: Comparison;
  /** Left out when it was not asked for. */
  readonly onnx?: OnnxSummary;
}

export function formatReport(document: BenchmarkDocument): string {
  const { machine, work, tidemark, peer, comparison, onnx } = document;
  const environment = Object.entries(machine.environment).map(([name, value]) => `${name}=${value}`);
  const sides = peer ? [tidemark, peer] : [tidemark];
  const lines = [
    machineLine(machine),
    ...(environment.length > 0 ? [environment.join(' ')] : []),
    ...sides.map((side) => `${side.name}: ${formatVersions(side.versions)}`),
    `model ${work.model}, voice ${work.voice}, seed ${work.seed}, phonemes ${work.phonemes}`,
    '',
    formatTable(
      [
        { header: '' },
        figures('runs'),
        figures('seconds (least to most)'),
        figures('active, loaded'),
        figures('active, after'),
        figures('peak (least to most)'),
        figures('samples'),
      ],
      sides.map(row),
    ),
  ];
  if (peer && comparison) {
    lines.push('', ...conclusions(tidemark, peer, comparison));
  }
  if (onnx) {
    const { versions, seconds: theirs, samples, ratio } = onnx;
    lines.push(
      '',
      `${formatVersions(versions)}, int8: ${formatSpread(theirs, formatDuration)} for ` +
        `${formatSpread(samples, formatCount)} samples, over ${formatCount(onnx.iterations)} runs; ` +
        `Tidemark takes ${ratio.toFixed(2)} times as long.`,
    );
  }
  return lines.join('\n');
}

function row(side: SideSummary): string[] {
  return [
    side.name,
    formatCount(side.iterations),
    formatSpread(side.seconds, formatDuration),
    megabytes(side.loadActiveBytes),
    formatSpread(side.activeBytes, megabytes),
    formatSpread(side.peakBytes, megabytes),
    formatSpread(side.samples, formatCount),
  ];
}

function conclusions(ours: SideSummary, peer: SideSummary, comparison: Comparison): string[] {
  const { timesFaster, peakDifferenceBytes, equalWork } = comparison;
  const times =
    timesFaster >= 1
      ? `${timesFaster.toFixed(1)} times as fast as`
      : `${(1 / timesFaster).toFixed(1)} times as slow as`;
  const share = formatPercent(peakDifferenceBytes / peer.peakBytes.median, { sign: true });
  return [
    `Tidemark is ${times} ${peer.name}; its peak is ${formatBytes(peakDifferenceBytes, { unit: 'MB', sign: true })} (${share}).`,
    equalWork
      ? `Both generated ${formatCount(ours.samples.median)} samples.`
      : 'They generated different numbers of samples, so the work was not equal.',
  ];
}

const megabytes = (value: number): string => formatBytes(value, { unit: 'MB' });

/** The median, and the ends where they differ as shown. */
function formatSpread({ minimum, median, maximum }: Spread, format: (value: number) => string): string {
  const [least, middle, most] = [format(minimum), format(median), format(maximum)];
  return least === most ? middle : `${middle} (${least} to ${most})`;
}

function formatVersions(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
