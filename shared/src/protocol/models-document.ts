/** The document of the catalogue: which models Tidemark makes, and which of them are on this machine. */

import * as v from 'valibot';
import { bytes, count, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const modelsSchemaVersion = 1;

export const catalogueModel = v.object({
  name: text,
  description: text,
  /** What the layers that cannot be quantized are in. */
  rest: v.picklist(['float32', 'bfloat16']),
  /** Absent where nothing is quantized. */
  bits: v.optional(count),
  /** About what loading it takes; known before it is built. */
  tensorBytes: bytes,
  /** A `damaged` one is built again when it is next used. */
  state: v.picklist(['built', 'absent', 'damaged']),
  folder: text,
  diskBytes: bytes,
});

export const modelsDocument = v.object({
  kind: v.literal('models'),
  schemaVersion: v.literal(modelsSchemaVersion),
  dataFolder: text,
  models: v.array(catalogueModel),
  /** What the command did, where it did something: what was built, or removed and how much that freed. */
  built: v.optional(v.array(text)),
  removed: v.optional(v.array(v.object({ name: text, freedBytes: bytes }))),
});

export type ModelsDocument = v.InferOutput<typeof modelsDocument>;
