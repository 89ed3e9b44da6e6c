/** Run records as lists show them. */

import type { RunRecord } from '@tidemark/shared/protocol/daemon/run-record.ts';

const longestText = 200;

/** With the beginning of a long text: hundreds of whole ones would be more than an answer may hold. */
export function briefRecord(record: RunRecord): RunRecord {
  const { text } = record;
  return text === undefined || text.length <= longestText
    ? record
    : { ...record, text: `${text.slice(0, longestText - 1)}…` };
}
