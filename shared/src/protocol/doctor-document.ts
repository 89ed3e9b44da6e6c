/** The document of the doctor: whether this set-up can measure, and what to do where it cannot. */

import * as v from 'valibot';
import { device, versions } from './environment.ts';
import { moment, text } from './quantities.ts';

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const doctorSchemaVersion = 1;

export const check = v.object({
  /** A stable name for scripts. */
  id: text,
  title: text,
  /** `warn`: measuring works, or will, but something deserves a look. */
  status: v.picklist(['ok', 'warn', 'fail']),
  /** What was found. */
  detail: text,
  /** What to do about it. */
  remedy: v.optional(text),
});

export type Check = v.InferOutput<typeof check>;

export const doctorDocument = v.object({
  kind: v.literal('doctor'),
  schemaVersion: v.literal(doctorSchemaVersion),
  checkedAt: moment,
  /** The worst of the checks. */
  status: check.entries.status,
  checks: v.pipe(v.array(check), v.minLength(1)),
  /** Absent where no host could be started. */
  device: v.optional(device),
  versions: v.optional(versions),
});

export type DoctorDocument = v.InferOutput<typeof doctorDocument>;
