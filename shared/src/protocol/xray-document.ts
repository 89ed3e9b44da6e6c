/** The document of an x-ray: what a checkpoint's headers say it is made of, and the memory that it will take. */

import * as v from 'valibot';
import { bytes, count, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
const xraySchemaVersion = 1;

/** By MLX's names of the element types. */
const bytesByDtype = v.record(v.string(), bytes);

/** A fraction of a whole, 0 to 1. */
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const xrayFile = v.object({
  name: text,
  fileBytes: bytes,
  tensorBytes: bytes,
  tensors: count,
});

/** One way in which modules are quantized; a checkpoint usually has one. */
const quantizedModules = v.object({
  bits: count,
  groupSize: count,
  modules: count,
  /** Weights before packing. */
  parameters: count,
  /** Packed weights with their scales and biases. */
  bytes,
});

export const xrayDocument = v.object({
  kind: v.literal('xray'),
  schemaVersion: v.literal(xraySchemaVersion),
  /** What was asked for, and where the headers were read. */
  target: text,
  source: v.object({
    kind: v.picklist(['packaged', 'hub', 'folder', 'file']),
    description: text,
    /** Whether only ranges of remote files were read. */
    isRemote: v.boolean(),
  }),
  /** The weights that are loaded, and safetensors files beside them that are not. */
  files: v.pipe(v.array(xrayFile), v.minLength(1)),
  otherFiles: v.array(text),
  tensors: count,
  /** Weights as the network sees them: packed ones counted as what they stand for; scales and biases of groups not. */
  parameters: count,
  tensorBytes: bytes,
  bytesByDtype,
  /** By the network's parts, in its order. */
  parts: v.array(v.object({ part: text, parameters: count, tensorBytes: bytes, bytesByDtype })),
  quantization: v.object({
    /** By the tensors' shapes. Empty where nothing is quantized. */
    found: v.array(quantizedModules),
    /** By config.json, if there is one and it says. */
    configured: v.optional(v.object({ bits: count, groupSize: count })),
    /** Of all parameters. */
    quantizedShare: share,
    /** What is not quantized, by kind of layer, the largest first. */
    unquantized: v.array(v.object({ kind: text, parameters: count, bytes, bytesByDtype })),
  }),
  float32: v.object({ bytes, share }),
  loading: v.object({
    /** MLX's active memory once the weights are loaded and evaluated, on the CPU: their bytes, less what is dropped. */
    activeBytes: bytes,
    /** The same by Metal's allocator, which rounds buffers of more than a page up to whole pages of 16 KiB. */
    metalActiveBytes: bytes,
    /** The same by the allocator for CUDA, which rounds up to powers of two below 16 KiB, and to as many whole pages above. */
    cudaActiveBytes: bytes,
    /** Tensors that loading leaves out. */
    dropped: v.array(v.object({ name: text, bytes })),
    /** What a voice adds while it is loaded. */
    voiceBytes: bytes,
  }),
  /** What it comes down to, in one sentence. */
  reading: text,
  warnings: v.array(text),
});

export type XrayDocument = v.InferOutput<typeof xrayDocument>;
