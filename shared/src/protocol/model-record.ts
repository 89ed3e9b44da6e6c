/** Which model was measured, and where its weights came from. */

import * as v from 'valibot';
import { bytes, text } from './quantities.ts';

export const modelSource = v.object({
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
