/** What a check finds. */

import type { Check } from '@tidemark/shared/protocol/doctor-document.ts';
import { toErrorRecord } from '@tidemark/shared/protocol/quantities.ts';

/** The doctor adds the check's name. */
export type Finding = Omit<Check, 'id' | 'title'>;

/** An error as what a check found. */
export function failure(error: unknown): Finding {
  const { message, hint } = toErrorRecord(error);
  return { status: 'fail', detail: message, ...(hint === undefined ? {} : { remedy: hint }) };
}
