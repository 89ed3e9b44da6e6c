/** The document in the place of any other, where a command that was asked for JSON failed. */

import * as v from 'valibot';
import { errorRecord } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const errorSchemaVersion = 1;

export const errorDocument = v.object({
  kind: v.literal('error'),
  schemaVersion: v.literal(errorSchemaVersion),
  error: errorRecord,
});

export type ErrorDocument = v.InferOutput<typeof errorDocument>;
