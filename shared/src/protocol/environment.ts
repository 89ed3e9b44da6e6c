/** What a measurement ran on and with. */

import * as v from 'valibot';
import { bytes, count, text } from './quantities.ts';

export const device = v.object({
  /** Where MLX computes. */
  type: v.picklist(['cpu', 'gpu']),
  name: text,
  /** Node's names: `linux` and `x64`, `darwin` and `arm64`. */
  platform: text,
  architecture: text,
  /** Logical cores, and the machine's whole memory. */
  cores: count,
  memoryBytes: bytes,
  /** Everything that MLX says of the device. */
  info: v.record(v.string(), v.union([v.string(), v.number()])),
});

export type DeviceRecord = v.InferOutput<typeof device>;

export const versions = v.object({
  tidemark: text,
  mlx: text,
  node: text,
  /** The library that does the CPU's matrix products. */
  blas: text,
});

export type VersionsRecord = v.InferOutput<typeof versions>;
