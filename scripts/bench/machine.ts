/** What a figure was measured on. */

import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { formatBytes } from '@tidemark/shared/format/bytes.ts';

export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the last minute, when it is asked: a busy machine is no place to measure time. */
  readonly loadAverage: number;
}

export const describeMachine = (): Machine => ({
  platform: `${platform()} ${release()}`,
  architecture: arch(),
  processor: cpus()[0]?.model.trim() ?? 'an unknown processor',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  loadAverage: loadavg()[0] ?? 0,
});

/** In a line, as a report begins. */
export const machineLine = ({
  processor,
  cores,
  memoryBytes,
  platform: system,
  architecture,
  loadAverage,
}: Machine): string =>
  `${processor}, ${cores} cores, ${formatBytes(memoryBytes, { unit: 'GiB', fractionDigits: 0 })}, ` +
  `${system} ${architecture}, load ${loadAverage.toFixed(2)}`;
