/** The benchmark's result as text: the machine, the settings, one row a side, and what follows. */

import { formatBytes } from '@tidemark/shared/format/bytes.ts';
import { formatCount, formatDuration, formatPercent } from '@tidemark/shared/format/numbers.ts';
import { formatTable } from '@tidemark/shared/format/terminal.ts';
import { machineLine } from './machine.ts';
import type { Machine } from './machine.ts';
import type { Comparison, SideSummary, Spread } from './compare.ts';
import type { Work } from './measurements.ts';

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
}

export function formatReport(document: BenchmarkDocument): string {
  const { machine, work, tidemark, peer, comparison } = document;
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
        { header: 'runs', align: 'right' },
        { header: 'seconds (least to most)', align: 'right' },
        { header: 'active, loaded', align: 'right' },
        { header: 'active, after', align: 'right' },
        { header: 'peak (least to most)', align: 'right' },
        { header: 'samples', align: 'right' },
      ],
      sides.map(row),
    ),
  ];
  if (peer && comparison) {
    lines.push('', ...conclusions(tidemark, peer, comparison));
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
      ? `Both said ${formatCount(ours.samples.median)} samples.`
      : 'They said different numbers of samples, so the work was not equal.',
  ];
}

const megabytes = (bytes: number): string => formatBytes(bytes, { unit: 'MB' });

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
