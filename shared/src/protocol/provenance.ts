/** What was measured, and on and with what: the machine, the versions, and the model with where its weights came from. */

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
  info: v.record(v.string(), v.union([v.string(), v.pipe(v.number(), v.finite())])),
});

export type DeviceRecord = v.InferOutput<typeof device>;

export const versions = v.object({
  tidemark: text,
  mlx: text,
  node: text,
  /** The library that does the CPU's matrix products. */
  blas: text,
  /** Of a host in Python: its version, and those of the packages that matter there. */
  python: v.exactOptional(text),
  packages: v.exactOptional(v.record(v.string(), text)),
});

export type VersionsRecord = v.InferOutput<typeof versions>;

const modelSource = v.object({
  /** `packaged`: made on this machine from weights that package registries carry. */
  kind: v.picklist(['packaged', 'hub', 'folder']),
  description: text,
  /** The safetensors file that was loaded, and its hash. */
  weightsFile: text,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  license: v.optional(text),
});

export const modelRecord = v.object({
  name: text,
  source: modelSource,
  /** Bytes of the checkpoint's tensors, by its header; by dtype they add up to it. */
  tensorBytes: bytes,
  bytesByDtype: v.record(v.string(), bytes),
});

export type ModelRecord = v.InferOutput<typeof modelRecord>;
