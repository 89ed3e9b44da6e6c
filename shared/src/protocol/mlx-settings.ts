/** What of MLX's own behavior a process can be started with, and the variables that say so to any program that uses MLX. */

import * as v from 'valibot';
import { bytes, count } from './quantities.ts';

const several = v.pipe(count, v.minValue(1), v.maxValue(1_000_000));

/** Each is MLX's own where it is absent. */
export const mlxSettings = v.object({
  /** How many operations MLX puts into one command buffer of a GPU; its CPU backend has no such buffers. */
  opsPerBuffer: v.exactOptional(several),
  /** How many operations wide MLX walks a graph that it evaluates. */
  bfsWidth: v.exactOptional(several),
  /** From so much active memory on, evaluation waits for work that is queued. */
  memoryLimitBytes: v.exactOptional(bytes),
  /** Whether a GPU's products of float32 are computed in float32, instead of TF32. */
  fullPrecision: v.exactOptional(v.literal(true)),
});

export type MlxSettings = v.InferOutput<typeof mlxSettings>;

const variables = [
  'MLX_MAX_OPS_PER_BUFFER',
  'MLX_BFS_MAX_WIDTH',
  'MLX_ENABLE_TF32',
  'NVIDIA_TF32_OVERRIDE',
] as const;

/** Variables that a process is started with; one that is undefined is taken out of its environment. */
export type MlxEnvironment = Readonly<Partial<Record<(typeof variables)[number], string | undefined>>>;

/** None of them set, so that MLX is as it is by itself, whatever this process was started with. */
export const mlxOwnEnvironment: MlxEnvironment = Object.fromEntries(
  variables.map((variable) => [variable, undefined]),
);

/** What sets them. A memory limit has no variable: a program sets it by calling MLX. */
export const mlxEnvironment = ({ opsPerBuffer, bfsWidth, fullPrecision }: MlxSettings): MlxEnvironment => ({
  ...(opsPerBuffer === undefined ? {} : { MLX_MAX_OPS_PER_BUFFER: String(opsPerBuffer) }),
  ...(bfsWidth === undefined ? {} : { MLX_BFS_MAX_WIDTH: String(bfsWidth) }),
  ...(fullPrecision === undefined ? {} : { MLX_ENABLE_TF32: '0', NVIDIA_TF32_OVERRIDE: '0' }),
});
