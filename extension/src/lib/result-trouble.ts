/** A run that ended without its result, as the trouble that it is. */

import type { RunRecord } from '../../../shared/src/protocol/daemon/run-record.ts';
import { fromErrorRecord } from '../../../shared/src/protocol/quantities.ts';
import { toTrouble } from './trouble.ts';
import type { Trouble } from './trouble.ts';

/** Nothing for a run that is complete, still open, or was cancelled by a person. */
export function resultTrouble({ state, error, reason, signal }: RunRecord): Trouble | undefined {
  switch (state) {
    case 'queued':
    case 'running':
    case 'complete':
    case 'cancelled':
      return undefined;
    case 'interrupted': {
      const by = signal === undefined ? '' : `It ended by ${signal}. `;
      return {
        kind: isDaemonsEnd(reason) ? 'interrupted' : 'host-crashed',
        message: reason ?? 'The run was interrupted.',
        hint: `${by}Run it again; the logs say more.`,
      };
    }
    case 'failed':
      return error === undefined
        ? { kind: 'failed', message: reason ?? 'The run failed.' }
        : toTrouble(fromErrorRecord(error));
  }
}

/** A run that the daemon's own end interrupted says so; any other lost its host. */
const isDaemonsEnd = (reason: string | undefined): boolean => reason?.includes('daemon') === true;
