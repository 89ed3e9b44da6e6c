/** What this process holds besides MLX's arrays: what the system, V8 and the handle counters say. */

import { readdirSync } from 'node:fs';
import { footprintBytes } from '../mlx/process.ts';
import { liveTensors, undisposedTensors } from '../mlx/tensor.ts';

export interface ProcessFigures {
  readonly footprintBytes: number;
  readonly heapBytes: number;
  readonly openFileDescriptors: number;
  readonly liveTensors: number;
  readonly undisposedTensors: number;
}

export function processFigures(): ProcessFigures {
  return {
    footprintBytes: footprintBytes(),
    heapBytes: process.memoryUsage().heapUsed,
    openFileDescriptors: openFileDescriptors(),
    liveTensors: liveTensors(),
    undisposedTensors: undisposedTensors(),
  };
}

/** The system's own list, less the descriptor that reads it. */
function openFileDescriptors(): number {
  return readdirSync(process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd').length - 1;
}
